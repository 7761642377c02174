"""From a source to two sets of images, training and held-out, chunk by chunk: in bounded memory, and continued where it was cut off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.data.images import ImageChunk, check_image_shape, check_labels
from ganflow.data.pictures import COLLECTIONS
from ganflow.data.pictures.store import PictureStore
from ganflow.data.sources import SOURCES
from ganflow.data.sources.source import Source
from ganflow.data.splits import draw_held_out, share_missing
from ganflow.errors import ConfigurationError, DataError


@dataclass(frozen=True, eq=False)
class ImagePart:
    """What one chunk of a source adds to one of the two sets.

    Attributes:
        origin: what the set is made from, see `describe_origin`.
        start: images of the source before the chunk.
        position: images of the source up to the end of the chunk.
        images: uint8 (n, [T,] H, W, C), those of the chunk that belong to this set, perhaps none.
        labels: int64 (n,), or None.
        class_names: one for each class; empty where the images have none.
        is_last: whether the set is complete.
    """

    origin: str
    start: int
    position: int
    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    is_last: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a set has come on disk.

    Attributes:
        position: images of the source that it has seen.
        num_images: that belong to it.
        is_complete: whether it has seen all.
    """

    position: int = 0
    num_images: int = 0
    is_complete: bool = False


def open_source(parameters: DataParameters, pictures: PictureStore) -> Source:
    """The source that is asked for, of which nothing has been read yet but what it takes to describe it.

    Args:
        parameters: its name, a key of `SOURCES` or of `COLLECTIONS`, and where it is.
        pictures: what was decoded of a collection.

    Raises:
        ConfigurationError: if the source is unknown, or the location does not suit it.
        DataError: if the files cannot be found or described. Their content may be found wrong only when the chunks are read.
    """
    name = parameters.source
    if name in COLLECTIONS:
        chunks = partial(pictures.chunks, image_shape=parameters.picture_shape)
        return Source(pictures.class_names(), pictures.state(), chunks, is_divided=True)
    if name not in SOURCES:
        known = sorted([*SOURCES, *COLLECTIONS])
        raise ConfigurationError(f"Unknown source {name!r}: known are {known}. Set data.source to one of them.")
    return SOURCES[name](parameters)


def prepare(
    parameters: DataParameters, source: Source, train: Mapping[str, Progress], held_out: Mapping[str, Progress]
) -> Iterator[tuple[ImagePart, ImagePart]]:
    """Divide the images of a source into training and held-out ones, as they come.

    A set that is ahead of the other, or complete, is given parts that it has already; it takes only what is new to it.

    Args:
        parameters: how the source is divided.
        source: of the images.
        train: how far training images have come, by origin.
        held_out: how far held-out ones have.

    Raises:
        ConfigurationError: if the source has no test split and no share is to be held out.
        DataError: if the source cannot be read, or one of the two sets is empty.
    """
    origin = describe_origin(parameters, source)
    sets = [progress.get(origin, Progress()) for progress in (train, held_out)]
    start = min((progress.position for progress in sets if not progress.is_complete), default=None)
    counts = [progress.num_images for progress in sets]
    position = start or 0
    for chunk in () if start is None else source.chunks(start):
        check_image_shape(chunk.images.shape[1:])
        check_labels(chunk.labels, len(source.class_names))
        is_held_out = mark_held_out(chunk, source, parameters)
        for number, marks in enumerate((~is_held_out, is_held_out)):
            counts[number] += int(marks.sum())
        own = (origin, position, position + len(chunk))
        yield _part(own, chunk, ~is_held_out, source), _part(own, chunk, is_held_out, source)
        position += len(chunk)
    _check_counts(counts, parameters)
    end = ImagePart(origin, position, position, _NO_IMAGES, None, source.class_names, is_last=True)
    yield end, end


_NO_IMAGES = np.empty((0, 1, 1, 1), np.uint8)


def _part(own: tuple[str, int, int], chunk: ImageChunk, marks: np.ndarray, source: Source) -> ImagePart:
    labels = None if chunk.labels is None else chunk.labels[marks]
    return ImagePart(*own, chunk.images[marks], labels, source.class_names)


def describe_origin(parameters: DataParameters, source: Source) -> str:
    """SHA-256 of everything that decides which images are in which set, as far as it is known without reading them."""
    share = [parameters.held_out_share, parameters.seed if parameters.held_out_share is not None else None]
    return hashlib.sha256(json.dumps([parameters.source, source.state, source.class_names, *share]).encode()).hexdigest()


def mark_held_out(chunk: ImageChunk, source: Source, parameters: DataParameters) -> np.ndarray:
    """Which images of a chunk are held out, bool (n,).

    With a share, an image is drawn by a hash of its own pixels and the seed, unless the source has divided its images already.

    Raises:
        ConfigurationError: if there is no share, and the source has no test split.
    """
    share = parameters.held_out_share
    if share is not None and not source.is_divided:
        return np.fromiter((draw_held_out(image, share, parameters.seed) for image in chunk.images), np.bool_, len(chunk))
    if chunk.is_held_out is None:
        raise share_missing(parameters.source)
    return chunk.is_held_out


def _check_counts(counts: list[int], parameters: DataParameters) -> None:
    if min(counts) == 0:
        share = "null" if parameters.held_out_share is None else f"{parameters.held_out_share:g}"
        raise DataError(
            f"Got {counts[0]} training images and {counts[1]} held-out ones, expected some of both. Give more images (data.location), or "
            f"change data.held_out_share (now {share})."
        )
