"""One process for each run: watched, ended in time, on record."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow.errors import AlreadyRunningError, ConfigurationError
from ganflow.locks import take_lock
from ganflow.scheduling import FOLDER, Scheduler, build_trigger, kedro_command


def python(code):
    return [sys.executable, "-c", code]


def status(project):
    return json.loads((project / FOLDER / "status.json").read_text())


def log(project):
    return (project / FOLDER / "runs.log").read_text()


@pytest.mark.parametrize(("code", "failed"), [(0, 0), (75, 0), (1, 1), (3, 1)])
def test_a_run_is_on_record_with_its_output_and_status(tmp_path, code, failed):
    scheduler = Scheduler(tmp_path, python(f"import sys; print('out'); print('err', file=sys.stderr); sys.exit({code})"), 30)
    assert scheduler.run_once() == code
    found = status(tmp_path)
    assert (found["state"], found["num_runs"], found["num_failed"], found["last"]["exit_status"]) == ("stopped", 1, failed, code)
    assert log(tmp_path).splitlines()[1:] == ["out", "err"] or sorted(log(tmp_path).splitlines()[1:]) == ["err", "out"]


def test_counts_go_on_from_one_scheduler_to_the_next(tmp_path):
    for _ in range(2):
        Scheduler(tmp_path, python("import sys; sys.exit(1)"), 30).run_once()
    assert (status(tmp_path)["num_runs"], status(tmp_path)["num_failed"]) == (2, 2)
    (tmp_path / FOLDER / "status.json").write_text("no json")
    Scheduler(tmp_path, python(""), 30).run_once()
    assert (status(tmp_path)["num_runs"], status(tmp_path)["num_failed"]) == (1, 0)


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    # a run that ignores SIGTERM, and its child
    code = (
        "import os, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(child.pid, flush=True); time.sleep(60)"
    )
    started = time.monotonic()
    # 128 + SIGKILL
    assert Scheduler(tmp_path, python(code), 1.5, grace_seconds=0.5).run_once() == 137
    assert time.monotonic() - started < 30
    assert status(tmp_path)["last"]["outcome"] == "timed out"
    child = int(log(tmp_path).splitlines()[1])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and is_running(child):
        time.sleep(0.1)
    assert not is_running(child)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_schedulers_of_one_project_are_kept_apart(tmp_path):
    descriptor = take_lock(tmp_path / FOLDER / ".lock", "scheduler")
    with pytest.raises(AlreadyRunningError, match="Another scheduler"):
        Scheduler(tmp_path, python(""), 30).run_once()
    os.close(descriptor)


FOREVER = """
import logging, sys
from pathlib import Path
from apscheduler.triggers.interval import IntervalTrigger
from ganflow import scheduling
logging.basicConfig(level=logging.INFO)
# seconds instead of minutes
scheduling.build_trigger = lambda cron: IntervalTrigger(seconds=int(cron))
scheduling.Scheduler(Path(sys.argv[1]), [sys.executable, "-c", sys.argv[2]], 60, 20).run_forever(sys.argv[3])
"""


def test_it_runs_on_time_and_sigterm_lets_the_run_save_and_ends_both(tmp_path):
    # the first runs are quick, the third waits for SIGTERM as training does
    code = (
        "import pathlib, signal, sys, time; count = pathlib.Path('count'); number = len(count.read_text()) if count.exists() else 0; "
        "count.write_text('x' * (number + 1)); signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), sys.exit(1))); "
        "number < 2 or (print('waiting', flush=True), time.sleep(60))"
    )
    with subprocess.Popen([sys.executable, "-c", FOREVER, str(tmp_path), code, "1"], stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not ((tmp_path / FOLDER / "runs.log").exists() and "\nwaiting\n" in log(tmp_path)):
                time.sleep(0.1)
            assert (status(tmp_path)["state"], status(tmp_path)["num_runs"]) == ("running", 2)
            assert datetime.fromisoformat(status(tmp_path)["next_run"]).tzinfo is not None
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert log(tmp_path).rstrip().endswith("saved")
    found = status(tmp_path)
    assert (found["state"], found["num_runs"], found["num_failed"], found["last"]["outcome"]) == ("stopped", 3, 0, "stopped")


def test_a_run_that_was_due_during_another_is_made_up_for(tmp_path):
    code = "import time; print('begun', time.time(), flush=True); time.sleep(4)"
    with subprocess.Popen([sys.executable, "-c", FOREVER, str(tmp_path), code, "3"], stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not ((tmp_path / FOLDER / "runs.log").exists() and log(tmp_path).count("\nbegun") == 2):
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
    first, second = [float(line.split()[1]) for line in log(tmp_path).splitlines() if line.startswith("begun")]
    # at once, not two seconds later when the next one is due
    assert second - first < 5.5
    assert "A run was due while the one before was under way" in errors


def test_a_command_that_is_not_there_is_a_failed_run(tmp_path):
    assert Scheduler(tmp_path, [str(tmp_path / "nothing")], 30).run_once() == 127
    found = status(tmp_path)
    assert (found["state"], found["num_failed"], found["last"]["outcome"]) == ("stopped", 1, "not started")


@pytest.mark.parametrize("cron", ["", "0 3 * *", "61 * * * *", "0 3 * * 5-2", "0 3 * * 8", "every day", "0 3 * * */0"])
def test_a_malformed_expression_is_explained(cron):
    with pytest.raises(ConfigurationError, match="expected five fields"):
        build_trigger(cron)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("0", [6]),
        ("7", [6]),
        ("1", [0]),
        ("1-5", [0, 1, 2, 3, 4]),
        ("1-5/2", [0, 2, 4]),
        ("0-6", list(range(7))),
        ("sat,sun", [5, 6]),
        ("*", list(range(7))),
        ("*/3", [2, 5, 6]),
        ("5-7", [4, 5, 6]),
    ],
)
def test_days_of_the_week_count_from_sunday_as_cron_does(days, expected):
    # Python counts from Monday
    trigger, when, found = build_trigger(f"0 3 * * {days}"), datetime(2026, 1, 1, tzinfo=UTC), set()
    for _ in range(8):
        when = trigger.get_next_fire_time(when, when)
        found.add(when.weekday())
    assert sorted(found) == expected


@given(st.integers(0, 59), st.integers(0, 23))
def test_minute_and_hour_come_first(minute, hour):
    when = build_trigger(f"{minute} {hour} * * *").get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=UTC))
    assert (when.minute, when.hour) == (minute, hour)


def test_the_retraining_is_run_unless_another_pipeline_is_named():
    assert kedro_command(("--env", "smoke"))[1:] == ["-m", "kedro", "run", "--pipelines", "retraining", "--env", "smoke"]
    assert kedro_command(("--pipelines", "sampling"))[4:] == ["--pipelines", "sampling"]
    assert kedro_command(("--pipelines=sampling",))[4:] == ["--pipelines=sampling"]
