"""Saving as a whole or not at all: write beside the target, force to disk, rename onto it.

Whatever goes wrong before the rename (a full disk, a value that cannot be encoded, `kill -9`), the target stays as it was. A killed
process leaves a hidden `.NAME.XXXXXXXX.partial.SUFFIX` behind. No dataset reads those, and the next save of the same target removes them; a
save that is still going on holds a lock on its own, which the system drops together with the process.

For local file systems of Linux and macOS.
"""

from __future__ import annotations

import copy
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import DatasetError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Replace one file.

    Args:
        target: the file that the body's value is for; its folder is made where it is missing, a link is followed.

    Yields:
        An empty hidden file beside the target, with the target's suffix. What the body leaves in it becomes the target, unless the
        body raises.

    Raises:
        DatasetError: if the system refuses to write; the target is untouched then, as it is after any exception of the body.
        NotADirectoryError: if a parent of the target is a file. Kedro explains it where a dataset has become versioned.
    """
    target = target.resolve()
    with explained(target):
        temporary = _temporary_beside(target)
        # open to everyone whom the umask lets in, unlike the files of `tempfile`
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        try:
            _lock(descriptor)
            yield temporary
            _flush(temporary)
            temporary.replace(target)
        finally:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
    _flush_names(target.parent)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Replace one folder with all that is in it.

    No system call of every platform swaps two folders, so the old one steps aside for a moment, as `.NAME.previous`. Read through
    `stored_folder`, which finds it there should the process die just then; the next save puts it back.

    Args:
        target: the folder that the body's files are for; its parents are made where they are missing, a link is followed.

    Yields:
        An empty hidden folder beside the target. What the body leaves in it becomes the target, unless the body raises.

    Raises:
        DatasetError: if the system refuses to write, or the target is a file; it is untouched then, as after any exception.
        NotADirectoryError: if a parent of the target is a file.
    """
    target = target.resolve()
    if target.is_file():
        raise DatasetError(f"Cannot write the folder {target}: got a file of that name, expected a folder or nothing. Move the file away.")
    with explained(target):
        temporary = _temporary_beside(target)
        _put_back(target)
        temporary.mkdir()
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            _lock(descriptor)
            yield temporary
            with ThreadPoolExecutor() as threads:
                list(threads.map(_flush, [*temporary.rglob("*"), temporary]))
            _swap(temporary, target)
        finally:
            os.close(descriptor)
            shutil.rmtree(temporary, ignore_errors=True)
    _flush_names(target.parent)


def stored_folder(target: Path) -> Path | None:
    """Where the files of an `atomic_folder` are: nearly always the target itself; None if it was never saved."""
    target = target.resolve()
    return next((folder for folder in (target, _previous(target)) if folder.is_dir()), None)


class AtomicSave:
    """Mixin, placed before one of kedro-datasets' local file datasets, that makes its `save` atomic.

    Loading, versions and the preview remain the dataset's own.
    """

    _filepath: PurePosixPath
    _version: Any
    _get_save_path: Any

    def save(self, data: Any) -> None:
        """Let the dataset write to a temporary file, then rename that."""
        with atomic_path(Path(self._get_save_path())) as temporary:
            writer = copy.copy(self)
            writer._filepath, writer._version = PurePosixPath(temporary), None
            # without Kedro's wrapper, which would turn a full disk into an error that names the temporary file
            super(AtomicSave, writer).save.__wrapped__(writer, data)  # type: ignore[misc]


@contextmanager
def explained(target: Path) -> Iterator[None]:
    """Turn the system's refusal to write `target` into a DatasetError that says what is left."""
    try:
        yield
    except NotADirectoryError:
        raise
    except OSError as error:
        earlier = "What was stored there before is untouched" if target.exists() else "Nothing was stored there before, and nothing is now"
        raise DatasetError(f"Cannot write {target}: {error.strerror or error}. {earlier}. Remedy the cause and run again.") from error


def _temporary_beside(target: Path) -> Path:
    """A name of its own for what is to become the target, in a folder that exists and is free of abandoned ones."""
    target.parent.mkdir(parents=True, exist_ok=True)
    abandoned = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.partial{re.escape(target.suffix)}")
    for path in target.parent.iterdir():
        if abandoned.fullmatch(path.name) and not _is_locked(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial{target.suffix}")


def _lock(descriptor: int) -> None:
    with suppress(OSError):  # a file system without locks can still be written to
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # its owner has just renamed or removed it
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _flush(path: Path) -> None:
    """Wait until the disk has it: a rename may otherwise reach the disk before the content does."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_names(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot; the new value is in place either way
        _flush(folder)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _swap(temporary: Path, target: Path) -> None:
    """Exchange both folders; whatever fails or dies in between, the old one is the target or `_previous`."""
    previous = _previous(target)
    if target.exists():
        target.rename(previous)
    try:
        temporary.rename(target)
    except BaseException:
        _put_back(target)
        raise
    if previous.exists():
        previous.rename(temporary)


def _put_back(target: Path) -> None:
    """Undo a swap of which only the first half was done; tidy up after one that lacks only the last rename."""
    previous = _previous(target)
    if not previous.exists():
        return
    if target.exists():
        shutil.rmtree(previous)
    else:
        previous.rename(target)
