"""Pictures in a zip archive. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO

from ganflow.config.data import DataParameters
from ganflow.data.pictures.collection import MOST_BYTES, Collection, Listed, first_folder
from ganflow.data.sources.files import local_copy
from ganflow.errors import DataError


def open_archive(parameters: DataParameters) -> Collection:
    """The pictures in the archive at `data.location`.

    Raises:
        ConfigurationError: if there is no location.
        DataError: if the archive is missing or damaged, or has a path that leaves it.
    """
    file, state = local_copy(parameters.location, "a zip archive")
    return Collection(state, partial(_list, file, state, parameters.classes == "folders"), partial(_openers, file, state))


def _list(file: Path, state: str, has_classes: bool) -> Iterator[Listed]:
    for member in _open(file, state).infolist():
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts:
            raise DataError(
                f"Got the path {member.filename!r} in {file}, which leads out of the archive; expected paths below it. Make it anew."
            )
        if member.is_dir() or path.parts[0] == "__MACOSX" or any(part.startswith(".") for part in path.parts):
            continue
        class_name, problem = first_folder(member.filename) if has_classes else (None, None)
        if member.file_size > MOST_BYTES:
            problem = f"{member.file_size} bytes, more than {MOST_BYTES}"
        yield Listed(os.fsencode(member.filename), member.file_size, f"{member.CRC:08x}", class_name, problem)


def _openers(file: Path, state: str, names: Iterable[bytes]) -> Iterator[tuple[bytes, MemberOpener]]:
    for name in names:
        yield name, MemberOpener(file, state, os.fsdecode(name))


@dataclass(frozen=True)
class MemberOpener:
    """Reads one member of an archive, and no more of it than a picture may have."""

    archive: Path
    state: str
    name: str

    def __call__(self) -> IO[bytes]:
        """The member's bytes."""
        with _open(self.archive, self.state).open(self.name) as member:
            content = member.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise DataError(f"more than {MOST_BYTES} bytes")
        return io.BytesIO(content)


@lru_cache(maxsize=1)
def _open(file: Path, state: str) -> zipfile.ZipFile:  # noqa: ARG001 (an archive that has changed is opened anew)
    try:
        return zipfile.ZipFile(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} is no complete zip archive: {error}. Fetch or make it anew, and correct data.location.") from error
