"""What every collection of pictures is: a list that is cheap to make, and for each picture something that opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np
from PIL import Image

MOST_BYTES = 2**28
"""Of an encoded picture that is read."""


@dataclass(frozen=True)
class Listed:
    """A picture of a collection, found without decoding it.

    Attributes:
        name: path, or what else names it in its collection; unique there.
        size: bytes; 0 where it is not known.
        stamp: text that changes when the picture does, such as the time of its last change.
        class_name: None where pictures have no classes.
        problem: why it cannot be used, known without opening it; None for none.
    """

    name: bytes
    size: int
    stamp: str
    class_name: str | None = None
    problem: str | None = None


class Opener(Protocol):
    """Opens one picture, in another process; it has to be picklable."""

    def __call__(self) -> IO[bytes] | np.ndarray | Image.Image | Moving:
        """The encoded picture, or one that is decoded already: uint8 (H, W), (H, W, 1) or (H, W, 3); or a moving one."""


@dataclass(frozen=True)
class Moving:
    """A moving picture, to be cut into clips.

    Attributes:
        files: what opens each of its files, in their order; each holds one frame or several.
        num_frames: of a clip.
    """

    files: tuple[Callable[[], IO[bytes]], ...]
    num_frames: int


@dataclass(frozen=True)
class Collection:
    """Pictures at one place.

    Attributes:
        state: text that changes when any of the pictures does, if that is known without listing them; None if it is not.
        list: all pictures, in any order.
        openers: from names, in the order of `list`'s, to what opens each.
    """

    state: str | None
    list: Callable[[], Iterator[Listed]]
    openers: Callable[[Iterable[bytes]], Iterator[tuple[bytes, Any]]]


def first_folder(path: str) -> tuple[str | None, str | None]:
    """(class, problem): the first folder of a path within its collection names the class."""
    folder, separator, _ = path.partition("/")
    return (folder, None) if separator else (None, "it lies in no folder that could name its class")


def readable(name: bytes) -> str:
    """A name for people and for JSON, whatever bytes it is made of."""
    return name.decode("utf-8", errors="backslashreplace")
