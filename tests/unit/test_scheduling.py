"""One process for each run: watched, ended in time, on record."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow import scheduling
from ganflow.errors import AlreadyRunningError, ConfigurationError
from ganflow.runtime.locks import take_lock
from ganflow.scheduling import FOLDER, Scheduler, build_trigger, kedro_command


def python(code):
    return [sys.executable, "-c", code]


def status(project):
    return json.loads((project / FOLDER / "status.json").read_text())


def log(project):
    """What runs have printed; nothing before the first has begun."""
    file = project / FOLDER / "runs.log"
    return file.read_text() if file.exists() else ""


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


def test_a_run_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    # a run that ignores SIGTERM, and its child
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); print(child.pid, flush=True); signal.pause()"
    )

    def child():
        printed = log(tmp_path)
        return int(printed.splitlines()[1]) if printed.count("\n") > 1 else None

    # the time is up as soon as both are running
    monkeypatch.setattr(scheduling, "time", SimpleNamespace(monotonic=lambda: 0.0 if child() is None else 31.0))
    # 128 + SIGKILL
    assert Scheduler(tmp_path, python(code), 30, grace_seconds=0.1).run_once() == 137
    assert status(tmp_path)["last"]["outcome"] == "timed out"
    wait_until(lambda: not is_running(child()))


def wait_until(condition):
    """Wait for what is bound to come; the test itself has a limit."""
    while not condition():
        time.sleep(0.02)


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
import datetime, logging, sys
from pathlib import Path
from apscheduler.triggers.base import BaseTrigger
from ganflow import scheduling

class Soon(BaseTrigger):
    '''As many times as it is told, a tenth of a second after each other; then in a year.'''
    def __init__(self, num):
        self.num, self.now = num, None
    def get_next_fire_time(self, previous, now):
        # the library asks several times at one time
        self.num, self.now = self.num - (now != self.now), now
        return now + (datetime.timedelta(seconds=0.1) if self.num >= 0 else datetime.timedelta(days=365))

logging.basicConfig(level=logging.INFO)
scheduling.build_trigger = lambda cron: Soon(int(cron))
scheduling.Scheduler(Path(sys.argv[1]), [sys.executable, "-c", sys.argv[2]], 600, 600).run_forever(sys.argv[3])
"""


@pytest.fixture
def scheduler(tmp_path):
    """Function that starts a scheduler of a command, which is due a number of times, in a process of its own."""
    processes = []

    def start(code, times):
        with (tmp_path / "errors").open("w") as errors:
            command = [sys.executable, "-c", FOREVER, str(tmp_path), code, str(times)]
            processes.append(subprocess.Popen(command, stderr=errors, start_new_session=True))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_it_runs_on_time_and_sigterm_lets_the_run_save_and_ends_both(tmp_path, scheduler):
    # the first runs are quick, the third waits for SIGTERM as training does
    code = (
        "import pathlib, signal, sys; count = pathlib.Path('count'); number = len(count.read_text()) if count.exists() else 0; "
        "count.write_text('x' * (number + 1)); signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), sys.exit(1))); "
        "number < 2 or (print('waiting', flush=True), signal.pause())"
    )
    process = scheduler(code, 100)
    wait_until(lambda: "\nwaiting\n" in log(tmp_path))
    assert (status(tmp_path)["state"], status(tmp_path)["num_runs"]) == ("running", 2)
    assert datetime.fromisoformat(status(tmp_path)["next_run"]).tzinfo is not None
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0, (tmp_path / "errors").read_text()
    assert log(tmp_path).rstrip().endswith("saved")
    found = status(tmp_path)
    assert (found["state"], found["num_runs"], found["num_failed"], found["last"]["outcome"]) == ("stopped", 3, 0, "stopped")


def test_a_run_that_was_due_during_another_is_made_up_for_at_once(tmp_path, scheduler):
    # each run waits until the test gives the lock back
    code = "import fcntl; print('begun', flush=True); fcntl.flock(open('gate'), fcntl.LOCK_SH)"
    with (tmp_path / "gate").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        # due twice, and then in a year
        process = scheduler(code, 2)
        wait_until(lambda: "maximum number of running instances" in (tmp_path / "errors").read_text())
        wait_until(lambda: log(tmp_path).count("\nbegun") == 1)
    wait_until(lambda: status(tmp_path)["num_runs"] == 2)
    assert log(tmp_path).count("\nbegun") == 2
    assert "A run was due while the one before was under way" in (tmp_path / "errors").read_text()
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0


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
