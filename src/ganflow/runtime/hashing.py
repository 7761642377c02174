"""SHA-256 of arrays, so that what is loaded can be told from what was meant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


def hash_named_arrays(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of names and contents, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def hash_array(array: np.ndarray) -> str:
    """SHA-256 of one array's dtype, shape and content."""
    return hash_arrays((array,))


def hash_arrays(arrays: Iterable[np.ndarray]) -> str:
    """SHA-256 of dtypes, shapes and contents, in this order."""
    digest = hashlib.sha256()
    for array in arrays:
        # dtype and shape state how many bytes follow, so that no byte can move from one array to the next unnoticed
        digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
