"""What every source of images is: a few facts that are cheap to learn, and a stream of chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ganflow.data.images import ImageChunk

CHUNK_BYTES = 2**20
"""Pixels that a chunk holds at most, in bytes. It bounds the memory that the `data` pipeline takes, which is that of some 60 chunks: Kedro
takes a stream apart with `itertools.tee`, which lets go of what it has given in blocks of 57."""


@dataclass(frozen=True)
class Source:
    """Images in an order that is the same each time.

    Attributes:
        class_names: one for each class; empty where the images have none.
        state: text that changes when the images do, found without reading them.
        chunks: from the number of the first image to the chunks that begin with it.
        is_divided: whether its chunks say what is held out by `data.held_out_share` already.
    """

    class_names: tuple[str, ...]
    state: str
    chunks: Callable[[int], Iterator[ImageChunk]]
    is_divided: bool = False


def chunk_length(image_shape: tuple[int, ...]) -> int:
    """How many images of this shape, uint8, a chunk holds."""
    return max(1, CHUNK_BYTES // max(1, int(np.prod(image_shape))))


def chunks_of(read: Callable[[], ImageChunk]) -> Callable[[int], Iterator[ImageChunk]]:
    """The chunks of images that are small enough to be read at once."""

    def chunks(start: int) -> Iterator[ImageChunk]:
        whole = read()
        length = chunk_length(whole.images.shape[1:])
        for first in range(start, len(whole), length):
            yield whole[first : first + length]

    return chunks
