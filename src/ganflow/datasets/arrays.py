"""Arrays in `.npy` files."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.local import LocalFileDataset
from ganflow.errors import DataError


class ArrayDataset(LocalFileDataset[np.ndarray]):
    """One array of any shape, memory-mapped and read-only when loaded, so that images larger than memory can be used.

    A file may be saved anew while it is mapped: the mapping keeps the old content. Objects are refused, as they would be pickled.
    """

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)

    def load(self) -> np.ndarray:
        """Map the array.

        Raises:
            DataError: if the file is no array, or not all of one.
        """
        try:
            return np.lib.format.open_memmap(self._filepath, mode="r")
        except OSError:
            raise
        except Exception as error:  # NumPy raises whatever parsing the header comes across
            raise DataError(
                f"{self._filepath} is no complete .npy file: {error}. Delete it, and run the node again that writes it."
            ) from error

    def save(self, data: np.ndarray) -> None:
        """Replace the file."""
        with atomic_path(self._filepath) as temporary, temporary.open("wb") as file:
            np.save(file, data, allow_pickle=False)
