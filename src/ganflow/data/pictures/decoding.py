"""Decoding in processes of their own: whatever a picture does to the decoder, the run goes on and names it."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as TooSlow
from contextlib import ExitStack
from dataclasses import dataclass
from io import IOBase
from itertools import count, islice
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from pebble import ProcessExpired, ProcessPool
from PIL import Image, UnidentifiedImageError

from ganflow.config.data import ImageGeometry
from ganflow.data.pictures.collection import Moving
from ganflow.data.pictures.geometry import fit
from ganflow.data.pictures.likeness import NUM_BANDS, bands
from ganflow.data.pictures.videos import MovingOpener
from ganflow.data.splits import image_digest
from ganflow.errors import DataError

SECONDS = 60.0
"""That a picture may take."""

MOST_MOVING_BYTES = 2**26
"""Of the frames of one moving picture, as they are kept."""

_TASK_BYTES = 2**18
"""Decoded pixels that one task gives back, about."""

_MOST_IN_TASK = 32
_TASKS_AHEAD = 4
"""For each process, so that none waits."""

# a PostScript file is a program, which Pillow would let Ghostscript run
_REFUSED = frozenset({"EPS"})


@dataclass(frozen=True)
class Decoded:
    """What has become of a picture.

    Attributes:
        name: in its collection.
        pixels: uint8 (H, W, C), or (clips, T, H, W, C) of a moving picture, as bytes; None where it could not be decoded.
        digest: of the pixels, see `image_digest`; None likewise.
        bands: of a hash by which images that look the same are found, see `likeness.bands`.
        problem: why it could not be decoded; None where it could.
        is_picture: False where nothing about the file is that of a picture, such as a text file.
        width: of the picture as it was, 0 if it is not known.
        height: likewise.
    """

    name: bytes
    pixels: bytes | None
    problem: str | None = None
    digest: bytes | None = None
    bands: tuple[int | None, ...] = (None,) * NUM_BANDS
    is_picture: bool = True
    width: int = 0
    height: int = 0


def num_processes() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decode_all(openers: Iterable[tuple[bytes, Any]], geometry: ImageGeometry, seconds: float = SECONDS) -> Iterator[list[Decoded]]:
    """Decode pictures in parallel, in their order; a few at a time are in memory.

    A process that dies or hangs with some pictures is replaced, and each of them tried alone, so that the guilty one is named.

    Args:
        openers: name of a picture, and what opens it.
        geometry: what they are brought to.
        seconds: that one picture may take.
    """
    num = num_processes()
    # not forked: this process may have threads
    pool = ProcessPool(max_workers=num, initializer=_prepare, context=multiprocessing.get_context("spawn"))
    try:
        waiting: deque[tuple[list[tuple[bytes, Any]], Any]] = deque()
        for task in _tasks(openers, geometry):
            waiting.append((task, pool.schedule(_decode_some, (task, geometry), timeout=seconds * len(task))))
            if len(waiting) > num * _TASKS_AHEAD:
                yield _result(pool, *waiting.popleft(), geometry, seconds)
        while waiting:
            yield _result(pool, *waiting.popleft(), geometry, seconds)
    finally:
        pool.stop()
        pool.join()


def _tasks(openers: Iterable[tuple[bytes, Any]], geometry: ImageGeometry) -> Iterator[list[tuple[bytes, Any]]]:
    length = max(1, min(_MOST_IN_TASK, _TASK_BYTES // (geometry.height * geometry.width * geometry.channels)))
    remaining = iter(openers)
    for first in remaining:
        # of a moving picture nobody knows how long it is
        others = [] if isinstance(first[1], MovingOpener) else islice(remaining, length - 1)
        yield [first, *others]


def _result(pool: ProcessPool, task: list[tuple[bytes, Any]], future: Any, geometry: ImageGeometry, seconds: float) -> list[Decoded]:
    try:
        decoded: list[Decoded] = future.result()
        return decoded
    except TooSlow:
        problem = f"decoding took more than {seconds:g} s"
    except ProcessExpired:
        problem = "the decoder crashed"
    if len(task) == 1:
        return [Decoded(task[0][0], None, problem)]
    alone = [([one], pool.schedule(_decode_some, ([one], geometry), timeout=seconds)) for one in task]
    return [decoded for one, future in alone for decoded in _result(pool, one, future, geometry, seconds)]


def _prepare() -> None:
    """In a new process: Pillow as it is wanted."""
    # what it warns of is decoded, or raises later
    warnings.simplefilter("ignore")
    # `fit` has a limit of its own, with words of its own
    Image.MAX_IMAGE_PIXELS = None
    # the usual formats first, since they are tried in the order in which they came
    Image.preinit()
    Image.init()


def _decode_some(task: list[tuple[bytes, Any]], geometry: ImageGeometry) -> list[Decoded]:
    return [decode(name, opener, geometry) for name, opener in task]


def decode(name: bytes, opener: Any, geometry: ImageGeometry) -> Decoded:
    """Decode one picture; whatever it raises is its problem."""
    width = height = 0
    try:
        with ExitStack() as stack:
            content = opener()
            if isinstance(content, Moving):
                clips, (width, height) = cut(content, geometry)
                return Decoded(name, clips.tobytes(), None, image_digest(clips), bands(clips[0, 0]), width=width, height=height)
            picture = _opened(content, stack)
            width, height = picture.size
            image = fit(picture, geometry)
            return Decoded(name, image.tobytes(), None, image_digest(image), bands(image), width=width, height=height)
    except UnidentifiedImageError:
        has_ending = PurePosixPath(os.fsdecode(name)).suffix.lower() in Image.registered_extensions()
        return Decoded(name, None, "no picture of a format that Pillow knows", is_picture=has_ending)
    except MemoryError:
        return Decoded(name, None, "it takes more memory than there is", width=width, height=height)
    except Exception as error:  # decoders raise all kinds of errors
        problem = str(error) if isinstance(error, DataError) else f"it cannot be decoded: {error or type(error).__name__}"
        return Decoded(name, None, " ".join(problem.split()), width=width, height=height)


def cut(moving: Moving, geometry: ImageGeometry) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode a moving picture, and cut it into clips, one after the other; frames that are left over at its end are left out.

    Returns:
        uint8 (clips, T, H, W, C), and width and height of its frames as they were.

    Raises:
        DataError: if it is shorter than a clip, longer than memory should hold, damaged, or its frames are of several sizes.
        UnidentifiedImageError: if it is no picture.
    """
    frames: list[np.ndarray] = []
    sizes: set[tuple[int, int]] = set()
    try:
        for file in moving.files:
            with ExitStack() as stack:
                for frame in _frames(_opened(file(), stack)):
                    sizes.add(frame.size)
                    frames.append(fit(frame, geometry))
                    _check_length(frames)
    except DataError:
        raise
    except Exception as error:  # decoders raise all kinds of errors
        if not frames:
            raise
        raise DataError(f"damaged after {len(frames)} frames: {error or type(error).__name__}") from error
    if len(sizes) > 1:
        raise DataError(f"frames of {len(sizes)} sizes, such as {' and '.join(f'{w} × {h}' for w, h in sorted(sizes)[:2])}")
    if len(frames) < moving.num_frames:
        found = "one frame" if len(frames) == 1 else f"{len(frames)} frames"
        raise DataError(f"{found}, fewer than a clip has (data.clip.frames={moving.num_frames})")
    num = len(frames) // moving.num_frames
    return np.stack(frames[: num * moving.num_frames]).reshape(num, moving.num_frames, *frames[0].shape), sizes.pop()


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    for number in count():
        try:
            picture.seek(number)
        except EOFError:  # Pillow's way to say that there are no more
            return
        # a copy: what `fit` does to a frame must not be seen in those that are drawn over it
        yield picture.copy()


def _check_length(frames: list[np.ndarray]) -> None:
    if len(frames) * frames[0].nbytes > MOST_MOVING_BYTES:
        raise DataError(f"more than {len(frames) - 1} frames, which memory need not hold at once; cut it into several files")


def _opened(content: Any, stack: ExitStack) -> Image.Image:
    """The picture; what has to be closed is, with the stack."""
    if isinstance(content, Image.Image):
        return content
    if isinstance(content, IOBase):
        stack.enter_context(content)
    if isinstance(content, np.ndarray):
        if content.dtype != np.uint8 or content.ndim not in (2, 3) or (content.ndim == 3 and content.shape[2] not in (1, 3, 4)):
            raise DataError(f"an array of {content.dtype}, shape {content.shape}; expected uint8 (H, W) or (H, W, C), C 1, 3 or 4")
        return Image.fromarray(content[..., 0] if content.ndim == 3 and content.shape[2] == 1 else content)
    return stack.enter_context(Image.open(content, formats=[name for name in Image.OPEN if name not in _REFUSED]))
