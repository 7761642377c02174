"""The command that tells the team: whatever becomes of it, a retraining goes on, and no argument of it is logged."""

import json
import os
import select
import sys

from base_parameters import section
from ganflow.config.notify import NotifyParameters
from ganflow.hooks.retraining import tell

EVENT = {"event": "promoted", "run_id": "run"}
KEY = "https://127.0.0.1/hook/key"


def notify(*command, timeout=60.0):
    return section(NotifyParameters, command=command, timeout_seconds=timeout)


def test_it_gets_the_event_and_nothing_is_said_of_it(tmp_path, caplog):
    heard = tmp_path / "heard.json"
    tell(notify(sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.stdin.read()); print('said')", str(heard)), EVENT)
    assert json.loads(heard.read_text()) == EVENT
    assert caplog.text == ""


def test_one_that_fails_is_named_with_its_status_alone(caplog):
    tell(notify("sh", "-c", "exit 3", KEY), EVENT)
    assert [record.getMessage() for record in caplog.records] == ["notify.command 'sh' ended with exit status 3."]


def test_one_that_is_missing_is_named_alone(caplog):
    tell(notify("no-such-program", KEY), EVENT)
    assert [record.getMessage() for record in caplog.records] == [
        "notify.command 'no-such-program' cannot be started: No such file or directory."
    ]


def test_one_that_does_not_listen_is_no_failure(caplog):
    # more than a pipe holds
    tell(notify("true"), EVENT | {"why": "x" * 2**20})
    assert caplog.text == ""


def test_one_that_leaves_a_program_running_is_not_waited_for(tmp_path, caplog):
    """It ends at once; what it has started holds its outputs open, and waits for this test."""
    os.mkfifo(tmp_path / "held")
    descriptor = os.open(tmp_path / "held", os.O_RDWR)
    try:
        tell(notify("sh", "-c", 'exec 3<"$1"; cat <&3 &', "sh", str(tmp_path / "held")), EVENT)
    finally:
        os.close(descriptor)
    assert caplog.text == ""


def read(pipe):
    """What is written to it, or b"" once nobody holds it open for writing."""
    assert select.select([pipe], [], [], 60)[0], "still held open"
    return os.read(pipe, 100)


def test_one_that_hangs_is_ended_with_all_that_it_has_started(tmp_path, caplog):
    """A shell and the program that it waits for, which waits for this test, both hold the pipe `alive` open for writing."""
    for name in ("alive", "held"):
        os.mkfifo(tmp_path / name)
    held = os.open(tmp_path / "held", os.O_RDWR)
    # without waiting for a writer; and one that came and went, for `select` sees the end of the file only then
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    os.close(os.open(tmp_path / "alive", os.O_WRONLY))
    # the inner shell is no `exec` of the outer one
    script = 'exec 3>"$1"; sh -c \'echo begun >&3; cat "$1"\' sh "$2"; true'
    timeout, begun = 0.5, b""
    try:
        while not begun:
            # until it is long enough for this machine to start them
            timeout *= 2
            caplog.clear()
            tell(notify("sh", "-c", script, "sh", str(tmp_path / "alive"), str(tmp_path / "held"), KEY, timeout=timeout), EVENT)
            begun = read(alive)
        # the end of the file: nobody holds the pipe open any more
        assert (begun, read(alive)) == (b"begun\n", b"")
    finally:
        os.close(alive)
        # what still waits ends here
        os.close(held)
    assert [record.getMessage() for record in caplog.records] == [f"notify.command 'sh' took more than {timeout:g} s."]
