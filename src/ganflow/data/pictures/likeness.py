"""When two images show the same: one may be smaller, brighter or more compressed than the other."""

from __future__ import annotations

import numpy as np
from PIL import Image

NUM_BANDS = 4
MOST_DIFFERING_BITS = 8
"""Of the 64 of two hashes, above which their images are not compared pixel by pixel."""

_GRID = 8
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
    fields = np.asarray(grey.resize((_GRID + 1, _GRID), Image.Resampling.BOX)).astype(int)
    if fields.std() < _FLAT:
        return (None,) * NUM_BANDS
    bits = np.packbits(fields[:, :-1] > fields[:, 1:])
    return tuple(int(part) for part in bits.view(">u2"))


def differing_bits(own: int, others: np.ndarray) -> np.ndarray:
    """Hamming distances (N,) of a hash to N others; each is all of its bits in one int64."""
    # of a negative number NumPy would count the bits of its absolute value
    return np.bitwise_count((others ^ np.int64(own)).view(np.uint64))


def are_near(image: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether others (N, H, W, C) differ from an image (H, W, C) by less than what compression and scaling do, (N,); all uint8."""
    difference = others.astype(np.float32) - image
    return np.sqrt(np.mean(np.square(difference), axis=(1, 2, 3))) < _LARGEST_DIFFERENCE
