"""Pictures in a folder and in the folders below it. Nothing is ever written there, and no link is followed out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ganflow.config.data import DataParameters
from ganflow.data.pictures.collection import MOST_BYTES, Collection, Listed, first_folder
from ganflow.data.sources.files import local_folder
from ganflow.errors import DataError


def open_folder(parameters: DataParameters) -> Collection:
    """The pictures below `data.location`.

    Raises:
        ConfigurationError: if there is no location, or it is on the web.
        DataError: if it is no folder, or cannot be read.
    """
    root = local_folder(parameters.location, "a folder with pictures")
    return Collection(None, partial(list_files, root, parameters.classes == "folders"), partial(_openers, root))


def list_files(root: Path, has_classes: bool) -> Iterator[Listed]:
    """All files but hidden ones, in no order; what is no file, or leads elsewhere, with its problem."""
    real, start = os.path.realpath(root), os.fsencode(root)
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            entries = os.scandir(start + b"/" + folder)
        except OSError as error:
            if not folder:
                raise DataError(f"Cannot read the folder {root}: {error.strerror}. Correct data.location, or its permissions.") from error
            yield Listed(folder, 0, "", problem=f"a folder that cannot be read: {error.strerror}")
            continue
        with entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                name = folder + b"/" + entry.name if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(name)
                else:
                    yield _describe(name, entry, real, has_classes)


def _describe(name: bytes, entry: os.DirEntry[bytes], real: str, has_classes: bool) -> Listed:
    class_name, problem = first_folder(os.fsdecode(name)) if has_classes else (None, None)
    try:
        about = entry.stat()
        if entry.is_symlink() and leads_out(entry.path, real):
            problem = "a link that leads out of the folder"
        elif not stat.S_ISREG(about.st_mode):
            problem = "a link to a folder" if stat.S_ISDIR(about.st_mode) else "no regular file"
        elif about.st_size > MOST_BYTES:
            problem = f"{about.st_size} bytes, more than {MOST_BYTES}"
    except OSError as error:
        return Listed(name, 0, "", class_name, f"it cannot be read: {error.strerror}")
    return Listed(name, about.st_size, str(about.st_mtime_ns), class_name, problem)


def leads_out(path: bytes, real: str) -> bool:
    """Whether a path, links followed, is outside of a folder; `real` is the folder's path without links."""
    return not Path(os.fsdecode(os.path.realpath(path))).is_relative_to(real)


def _openers(root: Path, names: Iterable[bytes]) -> Iterator[tuple[bytes, FileOpener]]:
    for name in names:
        yield name, FileOpener(os.fsencode(root) + b"/" + name)


@dataclass(frozen=True)
class FileOpener:
    """Opens a file for reading, if it still is a regular one."""

    path: bytes

    def __call__(self) -> IO[bytes]:
        """The open file."""
        # without waiting, should it have become a pipe
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise DataError("no regular file")
        return os.fdopen(descriptor, "rb")
