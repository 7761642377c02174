"""Seeds by name: every use of randomness has one of its own, so that a new use leaves the others as they were."""

from __future__ import annotations

import hashlib

import numpy as np


def named_seed(seed: int, use: str) -> int:
    """The seed of one use of randomness, 0 to 2⁶³ - 1; other uses of the same seed have others.

    Args:
        seed: that a user sets.
        use: what is drawn, in words.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {use}".encode()).digest()[:8], "big") >> 1


def named_random(seed: int, use: str) -> np.random.Generator:
    """NumPy's generator for one use of randomness, see `named_seed`."""
    return np.random.default_rng(named_seed(seed, use))
