"""Pixels as a page holds them: in itself, so that it needs no other file."""

from __future__ import annotations

import base64
import math
from typing import NotRequired, TypedDict

import numpy as np

from ganflow.reporting.webp import LONGEST_SIDE, encode_frame, encode_moving

LOSSLESS_BYTES = 150_000
"""A larger picture is stored with losses that nobody sees at its size."""

MOVING_BYTES = 200_000
"""That a moving picture takes at most, if need be with fewer rows and columns: a page has several, and shall be small enough to send."""

MOVING_PIXELS = 2_000_000
"""In all frames of a moving picture; of a larger one every second, third … row and column is kept."""

_QUALITY = 85
_MOVING_QUALITIES = (85, 60, 40, 20, 10)
"""Tried in turn until a moving picture takes LOSSLESS_BYTES at most: between neighbouring frames, losses are seen less."""


class Picture(TypedDict):
    """A picture in a page.

    Attributes:
        source: `data:` URL of a WebP file.
        width: in pixels.
        height: in pixels.
        still: of a moving picture, the same of its first frame, for whoever wants no motion.
    """

    source: str
    width: int
    height: int
    still: NotRequired[str]


def embed(pixels: np.ndarray) -> Picture:
    """A picture as text.

    Args:
        pixels: (H, W, C) uint8, or (T, H, W, C) of one that moves; C 1 or 3.
    """
    height, width, num_channels = pixels.shape[-3:]
    frames = pixels.reshape(-1, height, width, num_channels)
    stride = -(-max(height, width) // LONGEST_SIDE)
    if pixels.ndim == 4:
        stride = max(stride, math.ceil(math.sqrt(len(frames) * height * width / MOVING_PIXELS)))
    frames = frames[:, ::stride, ::stride]
    content = _encode_moving(frames) if pixels.ndim == 4 else b""
    if len(content) > MOVING_BYTES:
        return embed(frames[:, ::2, ::2])
    still: Picture = {"source": _address(_encode_still(frames[0])), "width": frames.shape[2], "height": frames.shape[1]}
    return still if pixels.ndim == 3 else still | {"source": _address(content), "still": still["source"]}


def _encode_still(pixels: np.ndarray) -> bytes:
    content = encode_frame(pixels, lossless=True, quality=100, method=4)
    return content if len(content) <= LOSSLESS_BYTES else encode_frame(pixels, lossless=False, quality=_QUALITY, method=4)


def _encode_moving(frames: np.ndarray) -> bytes:
    content = encode_moving(frames)
    for quality in _MOVING_QUALITIES:
        if len(content) <= LOSSLESS_BYTES:
            break
        content = encode_moving(frames, lossless=False, quality=quality, method=4)
    return content


def _address(content: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}"
