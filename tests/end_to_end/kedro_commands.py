"""Kedro commands, each a process of its own, and what befalls them at a named moment.

A command is forked from a process that has imported everything and done nothing else: it starts in a fraction of a second instead of ten.
Multiprocessing's fork server is that process. The fork is sound: the server has one thread of Python's (its only other one is the memory
allocator's, which knows how to fork), has never run a TensorFlow operation, and has configured none of Kedro's globals.
"""

from __future__ import annotations

import atexit
import builtins
import fcntl
import functools
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest


@dataclass(frozen=True)
class Moment:
    """Where in its work a command is: at the `number`-th save of something to one dataset of the catalog.

    Attributes:
        dataset: name.
        number: of the save, from 1.
        place: before it; within it, when the new content is written but has not replaced the old; after it.
    """

    dataset: str
    number: int = 1
    place: Literal["before", "within", "after"] = "after"


@dataclass(frozen=True)
class Event:
    """What befalls a command at a moment: a signal, or a wait until the test lets it go on.

    Attributes:
        moment: of it.
        number: of the signal; None for the wait.
        gate: file that the test holds a lock on for as long as the command shall wait.
    """

    moment: Moment
    number: signal.Signals | None = None
    gate: Path | None = None

    def prepare(self) -> None:
        """Have Kedro's catalog bring it about in this process."""
        from kedro.io import DataCatalog

        from ganflow.datasets import atomic

        moment, save, flush, saved = self.moment, DataCatalog.save, atomic._flush, []

        def save_and_see(catalog, name, data, **options):
            # a streamed output of which a chunk has nothing is an empty dictionary
            if name == moment.dataset and data != {}:
                saved.append(name)
            is_it = name == moment.dataset and data != {} and len(saved) == moment.number
            if is_it and moment.place == "before":
                self._happen()
            if is_it and moment.place == "within":
                atomic._flush = happen_and_flush
            save(catalog, name, data, **options)
            if is_it and moment.place == "after":
                self._happen()

        def happen_and_flush(path):
            atomic._flush = flush
            self._happen()
            flush(path)

        DataCatalog.save = save_and_see

    def _happen(self) -> None:
        if self.number is not None:
            os.kill(os.getpid(), self.number)
            return
        with self.gate.open("r+") as file:
            file.write("waiting")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_SH)


class Command:
    """A command that has been started, and its output so far, of standard output and standard error together."""

    def __init__(self, process: subprocess.Popen | multiprocessing.process.BaseProcess, log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def returncode(self) -> int | None:
        """Exit status, or minus the number of the signal that killed it; None while it runs."""
        return self._process.poll() if isinstance(self._process, subprocess.Popen) else self._process.exitcode

    def wait(self) -> int:
        """Wait for its end. It has no limit of its own: the test has one."""
        self._process.wait() if isinstance(self._process, subprocess.Popen) else self._process.join()
        return self.returncode

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until something is true that the command brings about, while it runs."""
        while not condition():
            assert self.returncode is None, self.output
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> None:
        """Kill it, and all that it has started, if it still runs."""
        if self.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()


def begin(arguments: tuple[str, ...], folder: Path, environment: dict[str, str], log: Path) -> Command:
    """Start `python -m kedro` from nothing."""
    with log.open("w") as file:
        command = [sys.executable, "-m", "kedro", *arguments]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True)
    return Command(process, log)


def fork(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], log: Path, filters: list[str], prepare: Callable[[], None] | None
) -> Command:
    """Start the same as a fork of the process that has everything imported; it calls `prepare` first."""
    log.touch()
    process = _context().Process(target=_run, args=(arguments, folder, environment, log, filters, prepare))
    process.start()
    return Command(process, log)


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["preloaded"])
    with pytest.MonkeyPatch.context() as patch:
        # the server has no other way to find that module, and says nothing if it does not
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        multiprocessing.forkserver.ensure_running()
    return context


def _run(
    arguments: tuple[str, ...], folder: Path, environment: dict[str, str], log: Path, filters: list[str], prepare: Callable[[], None] | None
) -> None:
    """What a forked process does."""
    assert "preloaded" in sys.modules
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = ["kedro", *arguments]
    for entry in filters:
        action, message, category, module = (*entry.split(":"), "", "", "")[:4]
        warnings.filterwarnings(action, message, getattr(builtins, category or "Warning"), module)
    from kedro.framework.cli.cli import main
    from kedro.framework.project import LOGGING

    # it reads the project's settings where it is imported, which was elsewhere
    LOGGING.__init__()
    if prepare is not None:
        prepare()
    try:
        main()
    finally:
        # a forked process ends without them
        atexit._run_exitfuncs()
