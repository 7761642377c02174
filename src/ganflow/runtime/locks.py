"""Keeping two processes apart that must not do the same thing at once."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ganflow.errors import AlreadyRunningError, ConfigurationError


def take_lock(path: Path, what: str) -> int:
    """Lock a file until this process ends, however it does.

    Args:
        path: of the file; its folder is made where it is missing.
        what: the process is, for the message that the other one gets.

    Returns:
        Its descriptor; closing it gives the lock back.

    Raises:
        AlreadyRunningError: if another process has it.
        ConfigurationError: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise ConfigurationError(f"Cannot write {path}: {error.strerror}. A {what} writes to this folder; make it writable.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode(errors="replace").strip()
        os.close(descriptor)
        raise AlreadyRunningError(
            f"Another {what} of this project is under way{f' ({holder})' if holder else ''}. This one does nothing; the other goes on."
        ) from None
    except OSError as error:
        os.close(descriptor)
        raise ConfigurationError(f"Cannot lock {path}: {error.strerror}. Keep data/ on a file system that knows locks.") from error
    with suppress(OSError):  # a full disk: the lock holds without a name
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()}, since {datetime.now(UTC).isoformat(timespec='seconds')}\n".encode())
    return descriptor
