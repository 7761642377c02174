"""Sets of images in one file each, which grows part by part and is there as a whole or not at all."""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
from pathlib import Path
from typing import Any, NoReturn, TypedDict

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from ganflow.data.images import ImageSet
from ganflow.data.preparation import ImagePart, Progress
from ganflow.datasets.atomic import atomic_path, explained
from ganflow.datasets.local import local_path
from ganflow.errors import DataError

HEADER_BYTES = 2**16
"""Room that is left at the beginning of a file for its header, which is known only when all images are there."""

_LENGTH = struct.Struct("<Q")


class ImageSetDataset(AbstractDataset[ImagePart, ImageSet]):
    """Images, labels and names of classes in one `.safetensors` file, which is memory-mapped when loaded.

    Parts are saved one after the other. Until the last one they are collected beside the file, in `.NAME.partial`, `.NAME.labels` and
    `.NAME.progress`; then the whole takes the place of the file. A process that dies leaves them, and `Progress` says from where to go
    on. A set that others have mapped stays as it is for them.
    """

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> ImageSet:
        """Map the images.

        Raises:
            DataError: if the file is damaged.
        """
        return _read(self._filepath)[0]

    def save(self, data: ImagePart) -> None:
        """Append a part; nothing is done with one that is there already.

        Raises:
            DataError: if a part is missing before this one, or its images are of another shape.
            DatasetError: if the system refuses to write; what was stored is untouched.
        """
        growing = _Growing(self._filepath)
        progress = growing.progress().get(data.origin, Progress())
        if progress.is_complete:
            growing.discard()
            return
        if data.position <= progress.position and not data.is_last:
            return
        if data.start != progress.position:
            raise DataError(
                f"Got images from number {data.start} on for {self._filepath}, which has seen {progress.position}. Prepare them anew: "
                "kedro run --pipelines data"
            )
        with explained(self._filepath):
            growing.append(data, progress)
            if data.is_last:
                growing.finish(data.class_names)

    def moved(self, folder: Path) -> ImageSetDataset:
        """The same dataset in another folder."""
        return ImageSetDataset(filepath=folder / self._filepath.name, metadata=self.metadata)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}

    def _exists(self) -> bool:
        return self._filepath.is_file()


class ImageSetProgress(AbstractDataset[NoReturn, dict[str, Progress]]):
    """How far the sets have come that an `ImageSetDataset` keeps, the one that is complete and the one that grows; read only."""

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, Progress]:
        """{origin: progress}."""
        return _Growing(self._filepath).progress()

    def moved(self, folder: Path) -> ImageSetProgress:
        """The same dataset in another folder."""
        return ImageSetProgress(filepath=folder / self._filepath.name, metadata=self.metadata)

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(f"Got {type(data).__name__} to save as progress of {self._filepath}, which saving the images moves.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}


class _Note(TypedDict):
    """What is known of a set that grows, once its images are on disk."""

    origin: str
    position: int
    num_images: int
    image_shape: list[int]
    has_labels: bool


class _Growing:
    """The set that is collected beside a file, to take its place."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._images, self._labels, self._notes = (target.with_name(f".{target.name}.{part}") for part in ("partial", "labels", "progress"))

    def progress(self) -> dict[str, Progress]:
        """{origin: progress}, of the set in the file and of the one beside it, as far as they are whole."""
        found = {}
        note = self._note()
        if note is not None:
            found[note["origin"]] = Progress(note["position"], note["num_images"])
        if self._target.is_file():
            try:
                images, origin = _read(self._target)
                found[origin] = Progress(len(images), len(images), is_complete=True)
            except DataError:  # damaged: as if nothing were there
                pass
        return found

    def append(self, part: ImagePart, progress: Progress) -> None:
        """Write the images of a part, and then that they are there; what a save that was cut off left behind is written over.

        Raises:
            DataError: if the images are of another shape than those before them.
        """
        note = self._note() if progress.position else None
        shape = list(part.images.shape[1:]) if note is None else note["image_shape"]
        if len(part.images) and list(part.images.shape[1:]) != shape:
            raise DataError(f"Got images of shape {part.images.shape[1:]} after some of {shape}, expected one shape. Resize the images.")
        self._target.parent.mkdir(parents=True, exist_ok=True)
        _write(self._images, HEADER_BYTES + progress.num_images * math.prod(shape), part.images)
        labels = np.empty(0, np.int64) if part.labels is None else part.labels
        _write(self._labels, progress.num_images * labels.itemsize if part.class_names else 0, labels)
        grown: _Note = {
            "origin": part.origin,
            "position": part.position,
            "num_images": progress.num_images + len(part.images),
            "image_shape": shape,
            "has_labels": bool(part.class_names),
        }
        with atomic_path(self._notes) as temporary:
            temporary.write_text(json.dumps(grown))

    def finish(self, class_names: tuple[str, ...]) -> None:
        """Put the labels behind the images and the header before them, and let the whole take the place of the file."""
        note = self._note()
        assert note is not None  # noqa: S101 (it was written just now)
        shape = [note["num_images"], *note["image_shape"]]
        header = _header(note["origin"], class_names, shape, note["has_labels"])
        with self._images.open("r+b") as file:
            file.seek(HEADER_BYTES + math.prod(shape))
            with self._labels.open("rb") as labels:
                shutil.copyfileobj(labels, file)
            file.truncate()
            file.seek(0)
            file.write(header)
            file.flush()
            os.fsync(file.fileno())
        self._images.replace(self._target)
        self.discard()

    def discard(self) -> None:
        """Remove what is collected beside the file."""
        for file in (self._notes, self._labels, self._images):
            file.unlink(missing_ok=True)

    def _note(self) -> _Note | None:
        """What is noted, if the images are there that it speaks of."""
        try:
            note: _Note = json.loads(self._notes.read_text())
            is_whole = self._images.stat().st_size >= HEADER_BYTES + note["num_images"] * math.prod(note["image_shape"])
            return note if is_whole and self._labels.stat().st_size >= note["has_labels"] * note["num_images"] * 8 else None
        except (OSError, ValueError, KeyError, TypeError):  # nothing, or nothing of use
            return None


def _write(file: Path, offset: int, array: np.ndarray) -> None:
    """Put an array at an offset, and nothing behind it; it is on disk then."""
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.seek(offset)
        opened.write(np.ascontiguousarray(array).data)
        opened.truncate()
        opened.flush()
        os.fsync(opened.fileno())


def _header(origin: str, class_names: tuple[str, ...], shape: list[int], has_labels: bool) -> bytes:
    """The beginning of a `.safetensors` file, HEADER_BYTES long; the format allows spaces behind the JSON."""
    end = math.prod(shape)
    entries: dict[str, Any] = {
        "__metadata__": {"origin": origin, "class_names": json.dumps(class_names)},
        "images": {"dtype": "U8", "shape": shape, "data_offsets": [0, end]},
    }
    if has_labels:
        entries["labels"] = {"dtype": "I64", "shape": shape[:1], "data_offsets": [end, end + 8 * shape[0]]}
    content = json.dumps(entries).encode()
    room = HEADER_BYTES - _LENGTH.size
    if len(content) > room:
        raise DataError(f"Got {len(class_names)} names of classes that take {len(content)} bytes, expected {room} at most. Shorten them.")
    return _LENGTH.pack(room) + content.ljust(room)


def _read(file: Path) -> tuple[ImageSet, str]:
    """The set in a file, its images memory-mapped, and its origin."""
    try:
        with file.open("rb") as opened:
            (length,) = _LENGTH.unpack(opened.read(_LENGTH.size))
            header = json.loads(opened.read(min(length, HEADER_BYTES)))
        images = _map(file, header, length, "images")
        labels = np.array(_map(file, header, length, "labels")) if "labels" in header else None
        about = header["__metadata__"]
        return ImageSet(images, labels, tuple(json.loads(about["class_names"]))), about["origin"]
    except OSError:
        raise
    except Exception as error:  # whatever a damaged header leads to
        raise DataError(f"{file} is no complete set of images: {error}. Make it anew: kedro run --pipelines data") from error


_TYPES: dict[str, np.dtype[Any]] = {"U8": np.dtype(np.uint8), "I64": np.dtype("<i8")}


def _map(file: Path, header: dict[str, Any], length: int, name: str) -> np.ndarray:
    entry = header[name]
    offset = _LENGTH.size + length + entry["data_offsets"][0]
    return np.memmap(file, _TYPES[entry["dtype"]], mode="r", offset=offset, shape=tuple(entry["shape"]))
