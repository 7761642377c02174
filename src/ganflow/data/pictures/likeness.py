"""When two images show the same: one may be smaller, brighter or more compressed than the other."""

from __future__ import annotations

import numpy as np
from PIL import Image

NUM_BANDS = 4
MOST_DIFFERING_BITS = 8
"""Of the 64 of two hashes, above which their images are not compared pixel by pixel."""

_GRID = 8
_ALL_BITS = 2**64 - 1
_LARGEST_DIFFERENCE = 8.0
"""Root mean square of the difference of two images' pixels, 0 to 255, that are called the same."""

_FLAT = 4.0
"""Standard deviation of grey levels below which an image shows nothing that could be recognised."""


def bands(image: np.ndarray) -> tuple[int | None, ...]:
    """A difference hash of 64 bits (whether each of 8 × 8 fields is brighter than its right neighbour), in four parts of 16.

    Two images whose hashes differ in at most three bits have at least one part in common, which an index finds.

    Args:
        image: uint8 (H, W, C).

    Returns:
        NUM_BANDS numbers from 0 to 65,535; None for each where the image is nearly flat, which has no hash of use.

    Source: Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling" (2007), section 3: finding hashes that differ in few
    bits.
    """
    grey = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).convert("L")
    fields = grey.resize((_GRID + 1, _GRID), Image.Resampling.BOX).tobytes()
    # every picture comes by here: sums of so few numbers take Python less time than NumPy
    if len(fields) * sum(field * field for field in fields) - sum(fields) ** 2 < (len(fields) * _FLAT) ** 2:
        return (None,) * NUM_BANDS
    rows = np.frombuffer(fields, np.uint8).reshape(_GRID, _GRID + 1)
    return tuple(np.packbits(rows[:, :-1] > rows[:, 1:]).view(">u2").tolist())


def differing_bits(own: int, other: int) -> int:
    """Hamming distance of two hashes, all bits of each in one int of 64 bits with a sign."""
    return ((own ^ other) & _ALL_BITS).bit_count()


def are_near(image: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether others (N, H, W, C) differ from an image (H, W, C) by less than what compression and scaling do, (N,); all uint8."""
    difference = others.astype(np.float32) - image
    return np.sqrt(np.mean(np.square(difference), axis=(1, 2, 3))) < _LARGEST_DIFFERENCE
