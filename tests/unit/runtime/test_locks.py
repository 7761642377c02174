"""One at a time, and nobody locked out by the dead."""

import os
import subprocess
import sys

import pytest

from ganflow.errors import AlreadyRunningError, ConfigurationError
from ganflow.runtime.locks import take_lock

HOLD = """
import signal, sys
from pathlib import Path
from ganflow.runtime.locks import take_lock

take_lock(Path(sys.argv[1]), "test")
print("held", flush=True)
signal.pause()
"""


def test_the_second_is_told_who_is_first_and_let_in_afterwards(tmp_path):
    path = tmp_path / "new" / ".lock"
    first = take_lock(path, "training")
    with pytest.raises(AlreadyRunningError, match=f"Another training .* under way \\(process {os.getpid()}, since 20") as error:
        take_lock(path, "training")
    assert error.value.exit_status == 75
    os.close(first)
    os.close(take_lock(path, "training"))


def test_a_killed_process_leaves_no_lock(tmp_path):
    path = tmp_path / ".lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunningError, match=f"process {process.pid}"):
            take_lock(path, "test")
        process.kill()
        process.wait()
    os.close(take_lock(path, "test"))


def test_a_folder_that_cannot_be_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="Cannot write .*make it writable"):
        take_lock(tmp_path / "file" / ".lock", "training")
