"""`kedro schedule` as a command: started, seen to be there, stopped."""

import json
import signal


def status(project):
    file = project.root / "data/schedule/status.json"
    return json.loads(file.read_text()) if file.exists() else {}


def test_a_schedule_waits_for_its_time_keeps_others_out_and_ends_with_a_signal(project):
    # the first of January, at midnight
    scheduler = project.start("schedule", "--cron", "0 0 1 1 *", "--env", "smoke")
    scheduler.wait_for(lambda: status(project).get("next_run"))
    assert status(project)["state"] == "waiting"
    assert "-01-01T00:00:00" in status(project)["next_run"]
    assert status(project)["command"][-4:] == ["--pipelines", "retraining", "--env", "smoke"]
    assert "Another scheduler of this project is under way" in project.refuse("schedule", "--once", expect=75)
    scheduler.signal(signal.SIGTERM)
    assert scheduler.wait() == 0, scheduler.output
    assert (status(project)["state"], status(project)["next_run"]) == ("stopped", None)


def test_one_run_now_ends_with_its_status_and_its_output_on_record(project):
    # refused at once, by a process of its own
    project.run("schedule", "--once", "--env", "smoke", "--pipelines", "trainng", expect=1)
    assert (status(project)["num_runs"], status(project)["num_failed"], status(project)["last"]["exit_status"]) == (1, 1, 1)
    assert "error: Failed to find the pipeline named" in (project.root / "data/schedule/runs.log").read_text()


def test_a_malformed_time_is_refused(project):
    assert "expected five fields" in project.refuse("schedule", "--cron", "daily")
    assert "Say either --cron" in project.refuse("schedule")
