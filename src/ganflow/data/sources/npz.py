"""Images in one `.npz` file, of any number, read chunk by chunk.

NumPy would read a whole member into memory, and unpickle one that holds objects. Here a member is streamed out of the zip archive.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganflow.data.images import ImageChunk
from ganflow.data.sources.files import local_file, state_of
from ganflow.data.sources.source import Source, chunk_length
from ganflow.errors import DataError

LAYOUTS = ((("images", "labels"),), (("x_train", "y_train"), ("x_test", "y_test")))
"""Names of the members with images and labels, part by part; of two parts, the second is the test split. The labels may be missing."""

CLASS_NAMES = "class_names"
"""Member with the names of the classes, text; it may be missing."""

EXPECTED = "'images', or 'x_train' and 'x_test', uint8 (N, H, W, C); 'labels', or 'y_train' and 'y_test', whole numbers (N,), if any"


def open_npz(location: str | None) -> Source:
    """The images of a file as `numpy.savez` writes it, compressed or not.

    Args:
        location: the file.

    Raises:
        ConfigurationError: if there is no location.
        DataError: if the file is missing, is no zip archive, or its members are others than `EXPECTED`.
    """
    file = local_file(location, "an .npz file")
    with _archive(file) as archive:
        parts = _find_parts(archive, file)
        names = _read_class_names(archive, file) if CLASS_NAMES in _members(archive) else ()
        class_names = _check_classes(archive, file, parts, names)
    return Source(class_names, state_of(file), lambda start: _chunks(file, parts, start))


@dataclass(frozen=True)
class _Part:
    """Names of the members of one part, and how many images it has."""

    images: str
    labels: str | None
    num_images: int
    image_shape: tuple[int, ...]
    is_held_out: bool | None


class _Member:
    """One array of an archive, read from its beginning to its end."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        """Read the header."""
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, self._is_fortran, self.dtype = read(file)
        self._file, self.name = file, name

    def check(self, is_right: bool, expected: str, path: Path) -> None:
        """Raise DataError unless the header says what is expected."""
        if not is_right or self._is_fortran or self.dtype.hasobject:
            order = ", in Fortran's order" if self._is_fortran else ""
            raise DataError(
                f"Got {self.dtype} of shape {self.shape}{order} as '{self.name}' in {path}, expected {expected}. Convert the array, and "
                "save it anew with numpy.savez."
            )

    def read(self, num: int) -> np.ndarray:
        """The next `num` entries, or as many as there are."""
        size = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
        return np.frombuffer(self._file.read(num * size), self.dtype).reshape(-1, *self.shape[1:])


@contextmanager
def _archive(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, ValueError, zlib.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} is no complete .npz file: {error}. Save it anew with numpy.savez, and correct data.location.") from error


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [name.removesuffix(".npy") for name in archive.namelist()]


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[_Member]:
    with archive.open(f"{name}.npy") as file:
        yield _Member(file, name)


def _find_parts(archive: zipfile.ZipFile, file: Path) -> list[_Part]:
    members = _members(archive)
    for layout in LAYOUTS:
        if all(images in members for images, _ in layout):
            has_labels = {labels in members for _, labels in layout}
            if len(has_labels) > 1:
                raise DataError(f"Got labels for one part of {file} only, expected them for both or neither: {layout}. Add the others.")
            return [
                _describe_part(archive, file, images, labels if labels in members else None, number == 1 if len(layout) > 1 else None)
                for number, (images, labels) in enumerate(layout)
            ]
    raise DataError(f"Got the members {members} in {file}, expected {EXPECTED}. Rename the arrays.")


def _describe_part(archive: zipfile.ZipFile, file: Path, images: str, labels: str | None, is_held_out: bool | None) -> _Part:
    with _member(archive, images) as member:
        is_right = member.dtype == np.uint8 and len(member.shape) == 4 and member.shape[-1] in (1, 3)
        member.check(is_right, "uint8 (N, H, W, C), 0 to 255, C 1 for grey or 3 for RGB", file)
        num, *shape = member.shape
    if labels is not None:
        with _member(archive, labels) as member:
            is_right = np.issubdtype(member.dtype, np.integer) and member.shape in ((num,), (num, 1))
            member.check(is_right, f"whole numbers ({num},), one for each of '{images}'", file)
    return _Part(images, labels, num, tuple(shape), is_held_out)


def _read_class_names(archive: zipfile.ZipFile, file: Path) -> tuple[str, ...]:
    with _member(archive, CLASS_NAMES) as member:
        member.check(member.dtype.kind == "U" and len(member.shape) == 1, "text (K,), the name of each class", file)
        return tuple(str(name) for name in member.read(member.shape[0]))


def _check_classes(archive: zipfile.ZipFile, file: Path, parts: list[_Part], names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of all classes; their numbers, if they have no names."""
    found: set[int] = set()
    for part in parts:
        if part.labels is not None:
            with _member(archive, part.labels) as member:
                while len(labels := member.read(2**20)):
                    found |= set(np.unique(labels).tolist())
    if names and not found:
        raise DataError(f"Got {len(names)} names of classes in {file} and no labels, expected both or neither. Add the labels.")
    wanted = set(range(len(names) or len(found)))
    # a class that has a name may have no image
    if not found <= wanted:
        last = len(wanted) - 1
        raise DataError(
            f"Got the labels {_shorten(found)} in {file}, expected 0 to {last}, for {len(wanted)} classes. Number the classes from 0 "
            "without a gap, or name all of them in 'class_names'."
        )
    return names or tuple(str(label) for label in sorted(found))


def _shorten(labels: set[int]) -> str:
    some = sorted(labels)
    return str(some) if len(some) <= 12 else f"{str(some[:6])[:-1]}, …, {some[-1]}]"


def _chunks(file: Path, parts: list[_Part], start: int) -> Iterator[ImageChunk]:
    with _archive(file) as archive:
        for part in parts:
            if start < part.num_images:
                yield from _chunks_of_part(archive, part, start)
            start = max(0, start - part.num_images)


def _chunks_of_part(archive: zipfile.ZipFile, part: _Part, start: int) -> Iterator[ImageChunk]:
    length = chunk_length(part.image_shape)
    with _member(archive, part.images) as images, _optional_member(archive, part.labels) as labels:
        _skip(images, start)
        _skip(labels, start)
        for first in range(start, part.num_images, length):
            num = min(length, part.num_images - first)
            marks = None if part.is_held_out is None else np.full(num, part.is_held_out)
            own = None if labels is None else labels.read(num).reshape(-1).astype(np.int64)
            yield ImageChunk(images.read(num), own, marks)


@contextmanager
def _optional_member(archive: zipfile.ZipFile, name: str | None) -> Iterator[Any]:
    if name is None:
        yield None
        return
    with _member(archive, name) as member:
        yield member


def _skip(member: _Member | None, num: int) -> None:
    """Read past entries, a few at a time: a compressed member knows no other way."""
    if member is None:
        return
    length = chunk_length(tuple(member.shape[1:]))
    for first in range(0, num, length):
        member.read(min(length, num - first))
