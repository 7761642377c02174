"""Pixels as a page holds them: in itself, so that it needs no other file."""

from __future__ import annotations

import base64
import io
from typing import TypedDict

import numpy as np
from PIL import Image

LOSSLESS_BYTES = 150_000
"""A larger picture is stored with losses that nobody sees at its size."""

_QUALITY = 85

_LONGEST_SIDE = 16_383
"""That WebP knows, in pixels; of a larger picture every second, third … row and column is kept."""


class Picture(TypedDict):
    """A picture in a page.

    Attributes:
        source: `data:` URL of a WebP file.
        width: in pixels.
        height: in pixels.
    """

    source: str
    width: int
    height: int


def embed(pixels: np.ndarray) -> Picture:
    """A picture as text.

    Args:
        pixels: (H, W, C) uint8, C 1 or 3.
    """
    stride = -(-max(pixels.shape[:2]) // _LONGEST_SIDE)
    pixels = pixels[::stride, ::stride]
    content = _encode(pixels, lossless=True)
    if len(content) > LOSSLESS_BYTES:
        content = _encode(pixels, lossless=False)
    height, width, _ = pixels.shape
    return {"source": f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}", "width": width, "height": height}


def _encode(pixels: np.ndarray, lossless: bool) -> bytes:
    # WebP knows no grey
    image = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
    content = io.BytesIO()
    image.save(content, format="WEBP", lossless=lossless, quality=100 if lossless else _QUALITY, method=4)
    return content.getvalue()
