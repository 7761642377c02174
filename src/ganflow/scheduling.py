"""Running `kedro run` again and again: one process for each run, watched, ended in time, and on record."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from kedro.io import DatasetError

from ganflow.datasets.atomic import atomic_path
from ganflow.errors import ConfigurationError
from ganflow.runtime.locks import take_lock

logger = logging.getLogger(__name__)

FOLDER = Path("data/schedule")
"""In the project: `status.json` and `runs.log`."""

GRACE_SECONDS = 120.0
"""From SIGTERM, after which training saves its interval, to SIGKILL."""

_LOG_BYTES, _NUM_LOGS = 2**20, 5
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass
class Scheduler:
    """Starts one command, never twice at the same time.

    Attributes:
        project: folder that it runs in.
        command: program and arguments.
        timeout_seconds: after which a run is ended.
        grace_seconds: that it has for ending.
    """

    project: Path
    command: list[str]
    timeout_seconds: float
    grace_seconds: float = GRACE_SECONDS
    _stop: threading.Event = field(default_factory=threading.Event)
    _missed: threading.Event = field(default_factory=threading.Event)
    _status: dict[str, Any] = field(default_factory=dict)

    def run_once(self) -> int:
        """Run the command now; return its exit status, or 128 + signal."""
        with _lock(self.project), _stopped_by_signals(self._stop):
            self._begin(cron=None)
            try:
                return self._run()
            finally:
                self._note(state="stopped", next_run=None)

    def run_forever(self, cron: str) -> None:
        """Run the command at the times that a cron expression names, until SIGTERM or SIGINT. Missed runs are made up for by one."""
        from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES
        from apscheduler.schedulers.background import BackgroundScheduler

        trigger = build_trigger(cron)
        with _lock(self.project), _stopped_by_signals(self._stop):
            self._begin(cron)
            background = BackgroundScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
            job = background.add_job(self._run_and_make_up, trigger)

            def announce(*_: object) -> None:
                when = job.next_run_time
                self._note(next_run=when.isoformat(timespec="seconds") if when else None)

            background.add_listener(announce, EVENT_JOB_EXECUTED)
            background.add_listener(lambda _: self._missed.set(), EVENT_JOB_MAX_INSTANCES)
            background.start()
            announce()
            logger.info("Scheduled: %s, next at %s. Output goes to %s.", cron, self._status["next_run"], self.project / FOLDER / "runs.log")
            # in short waits: a signal that the system hands to another thread is seen between two of them; and the library's own
            # wait does not see that the machine slept
            while not self._stop.wait(1.0):
                background.wakeup()
            # waits for the run that is under way, which ends itself
            background.shutdown(wait=True)
            self._note(state="stopped", next_run=None)

    def _run_and_make_up(self) -> None:
        """Run the command, and once more if it should have begun again in the meantime."""
        # not cleared before the run: it may be due again before this thread has begun
        self._run()
        while self._missed.is_set() and not self._stop.is_set():
            self._missed.clear()
            logger.info("A run was due while the one before was under way; it begins now.")
            self._run()

    def _begin(self, cron: str | None) -> None:
        folder = self.project / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        earlier = _read(folder / "status.json")
        kept = {name: earlier.get(name) for name in ("num_runs", "num_failed", "last")}
        self._status = {"num_runs": 0, "num_failed": 0} | {name: value for name, value in kept.items() if value is not None}
        self._note(state="waiting", scheduler=os.getpid(), cron=cron, next_run=None, command=self.command)

    def _run(self) -> int:
        started = datetime.now(UTC)
        self._note(state="running", last={"started": started.isoformat(timespec="seconds")})
        outcome, code = self._supervise()
        ended = datetime.now(UTC)
        last = {
            "started": started.isoformat(timespec="seconds"),
            "ended": ended.isoformat(timespec="seconds"),
            "seconds": round((ended - started).total_seconds(), 1),
            "outcome": outcome,
            "exit_status": code,
        }
        # 75: another one is at it already
        failed = code not in (0, 75) and outcome != "stopped"
        counts = {"num_runs": self._status["num_runs"] + 1, "num_failed": self._status["num_failed"] + failed}
        self._note(state="waiting", last=last, **counts)
        logger.log(logging.WARNING if failed else logging.INFO, "Run %s with exit status %d after %.0f s.", outcome, code, last["seconds"])
        return code

    def _supervise(self) -> tuple[str, int]:
        """Start the command, copy what it prints, and wait for it, for the timeout, or for a signal to stop."""
        try:
            process = subprocess.Popen(  # noqa: S603 (this project's own command)
                self.command,
                cwd=self.project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            logger.error("%s cannot be started: %s", self.command[0], error)
            return "not started", 127
        reader = threading.Thread(target=self._copy, args=(process,))
        reader.start()
        outcome = "ended"
        deadline = time.monotonic() + self.timeout_seconds
        try:
            while process.poll() is None:
                if self._stop.wait(0.2) or time.monotonic() > deadline:
                    outcome = "stopped" if self._stop.is_set() else "timed out"
                    self._end(process)
        finally:
            reader.join()
        code = process.returncode
        return outcome, code if code >= 0 else 128 - code

    def _end(self, process: subprocess.Popen[str]) -> None:
        """SIGTERM to the run and all that it started, SIGKILL to what is left after the grace."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.grace_seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _copy(self, process: subprocess.Popen[str]) -> None:
        """What the run prints, to a log that starts anew at a megabyte and keeps the last five."""
        handler = RotatingFileHandler(self.project / FOLDER / "runs.log", maxBytes=_LOG_BYTES, backupCount=_NUM_LOGS, encoding="utf-8")
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        with process.stdout as lines:
            handler.emit(_line(f"---- {datetime.now(UTC).isoformat(timespec='seconds')} {' '.join(self.command)}"))
            for line in lines:
                handler.emit(_line(line.rstrip("\n")))
        handler.close()

    def _note(self, **values: Any) -> None:
        """Update the status file, as a whole or not at all."""
        self._status |= values
        try:
            with atomic_path(self.project / FOLDER / "status.json") as partial:
                partial.write_text(json.dumps(self._status, indent=2) + "\n", encoding="utf-8")
        except DatasetError as error:
            logger.warning("The status is not up to date. %s", error)


def build_trigger(cron: str) -> Any:
    """The times that a cron expression names: minute, hour, day, month, day of the week with 0 and 7 for Sunday.

    Raises:
        ConfigurationError: if it is malformed.
    """
    from apscheduler.triggers.cron import CronTrigger

    fields = cron.split()
    try:
        if len(fields) != 5:
            raise ValueError(f"{len(fields)} fields")
        # the library counts days of the week from Monday, cron from Sunday
        return CronTrigger.from_crontab(" ".join([*fields[:4], _name_days(fields[4])]))
    except ValueError as error:
        raise ConfigurationError(
            f"Got the cron expression '{cron}' ({error}), expected five fields: minute, hour, day, month, day of the week, such as "
            "'0 3 * * *' for three o'clock every night."
        ) from None


def _name_days(days: str) -> str:
    """Days of the week as names, ranges and steps of numbers written out: `1-5/2` as `mon,wed,fri`."""
    return ",".join(_name_days_of_part(part) for part in days.split(","))


def _name_days_of_part(part: str) -> str:
    match = re.fullmatch(r"(?:(\d)(?:-(\d))?|(\*))(?:/(\d+))?", part)
    if match is None:
        return part
    if match[3] and not match[4]:
        return "*"
    first = 0 if match[3] else int(match[1])
    last = 6 if match[3] or (match[4] and not match[2]) else int(match[2] or first)
    if not first <= last <= 7 or match[4] == "0":
        raise ValueError(f"'{part}' is no range of days")
    return ",".join(dict.fromkeys(_DAYS[day % 7] for day in range(first, last + 1, int(match[4] or 1))))


def kedro_command(arguments: tuple[str, ...]) -> list[str]:
    """`kedro run` with this interpreter; the retraining pipeline unless the arguments name another."""
    chosen = any(argument.partition("=")[0] in ("--pipelines", "--pipeline", "-p") for argument in arguments)
    return [sys.executable, "-m", "kedro", "run", *(() if chosen else ("--pipelines", "retraining")), *arguments]


@contextmanager
def _lock(project: Path) -> Iterator[None]:
    """One scheduler for a project."""
    descriptor = take_lock(project / FOLDER / ".lock", "scheduler")
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Within it, SIGTERM and SIGINT set the event."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _line(text: str) -> logging.LogRecord:
    return logging.LogRecord("runs", logging.INFO, "", 0, "%s", (text,), None)


def _read(file: Path) -> dict[str, Any]:
    """An earlier status; {} if there is none that can be read."""
    try:
        status: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}
