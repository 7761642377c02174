"""Labelled images, as every source gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images, the class of each, and the source's own test split where it has one.

    Attributes:
        images: uint8 (N, H, W, C), 0 to 255, C 1 or 3.
        labels: int64 (N,).
        is_held_out: bool (N,), True for the source's test images; None where the source has no such split.

    Raises:
        DataError: if a dtype, rank or length is another, there is no image, or the test split takes none or all of them.
    """

    images: np.ndarray
    labels: np.ndarray
    is_held_out: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_array("images", self.images, np.dtype(np.uint8), rank=4)
        _check_array("labels", self.labels, np.dtype(np.int64), rank=1)
        if self.images.size == 0:
            raise DataError(f"Got images of shape {self.images.shape}, expected at least one pixel. Check the source of the images.")
        if self.images.shape[3] not in (1, 3):
            raise DataError(f"Got {self.images.shape[3]} channels, expected 1 (grey) or 3 (RGB). Convert the images.")
        if len(self.labels) != len(self.images):
            raise DataError(
                f"Got {len(self.labels)} labels for {len(self.images)} images, expected one each. Check that they belong together."
            )
        if self.is_held_out is not None:
            self._check_held_out(self.is_held_out)

    def _check_held_out(self, is_held_out: np.ndarray) -> None:
        _check_array("is_held_out", is_held_out, np.dtype(np.bool_), rank=1)
        if len(is_held_out) != len(self.images):
            raise DataError(f"Got {len(is_held_out)} is_held_out marks for {len(self.images)} images, expected one each. Mark every image.")
        if is_held_out.all() or not is_held_out.any():
            raise DataError(
                f"Got {int(is_held_out.sum())} of {len(is_held_out)} images marked as held out, expected some and not all. "
                f"Use is_held_out=None for a source without a test split."
            )


def _check_array(name: str, array: np.ndarray, dtype: np.dtype, rank: int) -> None:
    if array.dtype != dtype or array.ndim != rank:
        raise DataError(f"Got {name} of dtype {array.dtype} and rank {array.ndim}, expected {dtype} and rank {rank}. Convert them first.")
