"""Moving pictures in a folder and in the folders below it: files of several frames, and frames in numbered files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from ganflow.config.data import DataParameters
from ganflow.data.pictures.collection import Collection, Listed, Moving
from ganflow.data.pictures.folder import FileOpener, leads_out, list_files
from ganflow.data.sources.files import local_folder

_NUMBERED = re.compile(rb"(?P<before>.*?)(?P<number>\d+)(?P<ending>\.(?:bmp|jpe?g|png|ppm|tiff?))", re.DOTALL | re.IGNORECASE)
"""Name of a file that holds one of several frames. A GIF or WebP file is a moving picture of its own, whatever its name is."""

_ANY = b"*"
"""In the name of a moving picture, where its files have their numbers."""


def open_videos(parameters: DataParameters) -> Collection:
    """The moving pictures below `data.location`.

    Files of one folder whose names differ in their last number only are the frames of one moving picture, in the order of these numbers.

    Raises:
        ConfigurationError: if there is no location, or it is on the web.
        DataError: if it is no folder, or cannot be read.
    """
    root = local_folder(parameters.location, "a folder with moving pictures")
    return Collection(
        None, partial(_list, root, parameters.classes == "folders"), partial(_openers, root, num_frames=parameters.clip.frames)
    )


def _list(root: Path, has_classes: bool) -> Iterator[Listed]:
    """One entry for each moving picture; numbered files come together as one, whose stamp is that of them all."""
    series: dict[bytes, list[Listed]] = {}
    for listed in list_files(root, has_classes):
        if (name := _series(listed.name)) is None or listed.problem:
            yield listed
        else:
            series.setdefault(name, []).append(listed)
    for name, frames in series.items():
        if len(frames) == 1:
            yield frames[0]
            continue
        stamps = blake2b(repr(sorted((frame.name, frame.size, frame.stamp) for frame in frames)).encode(), digest_size=16).hexdigest()
        yield Listed(name, sum(frame.size for frame in frames), stamps, frames[0].class_name)


def _series(name: bytes) -> bytes | None:
    """The name of the moving picture that a file may be a frame of; None for another kind of file."""
    folder, separator, own = name.rpartition(b"/")
    found = _NUMBERED.fullmatch(own)
    return None if found is None else folder + separator + found["before"] + _ANY + found["ending"]


def _openers(root: Path, names: Iterable[bytes], num_frames: int) -> Iterator[tuple[bytes, MovingOpener]]:
    for name in names:
        yield name, MovingOpener(os.fsencode(root), name, num_frames)


@dataclass(frozen=True)
class MovingOpener:
    """Opens a moving picture below `root`. `name` is its file's, or that of its numbered files, with a star in place of the number."""

    root: bytes
    name: bytes
    num_frames: int

    def __call__(self) -> Moving:
        """What opens its files, in their order."""
        path = self.root + b"/" + self.name
        folder, _, own = path.rpartition(b"/")
        before, star, ending = own.rpartition(_ANY)
        if not star or Path(os.fsdecode(path)).is_file():
            return Moving((FileOpener(path),), self.num_frames)
        numbers = {}
        for file in Path(os.fsdecode(folder)).iterdir():
            name = os.fsencode(file.name)
            found = _NUMBERED.fullmatch(name)
            if found is not None and (found["before"], found["ending"]) == (before, ending):
                numbers[folder + b"/" + name] = int(found["number"])
        real = os.fsdecode(os.path.realpath(self.root))
        inside = [file for file in numbers if not leads_out(file, real)]
        return Moving(tuple(FileOpener(file) for file in sorted(inside, key=lambda file: (numbers[file], file))), self.num_frames)
