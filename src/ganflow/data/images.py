"""Sets of images or clips, with the class of each if they have any; and the chunks in which a source gives them.

A clip is an image with a T: uint8 (T, H, W, C) where an image is (H, W, C). What is said of images holds for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, and what is known of their classes.

    Attributes:
        images: uint8 (N, H, W, C), or (N, T, H, W, C) for clips, 0 to 255, C 1 or 3; possibly memory-mapped.
        labels: int64 (N,), from 0 to the number of classes - 1; None where the images have no classes.
        class_names: one for each class; empty where the images have none.

    Raises:
        DataError: if a dtype, rank or length is another, there is no image, or a label has no name.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_images(self.images, self.labels)
        if self.images.size == 0:
            raise DataError(f"Got images of shape {self.images.shape}, expected at least one pixel. Check the source of the images.")
        check_labels(self.labels, len(self.class_names))

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)


@dataclass(frozen=True, eq=False)
class ImageChunk:
    """Some images of a source, in its order.

    Attributes:
        images: uint8 (N, H, W, C), or (N, T, H, W, C) for clips, 0 to 255, C 1 or 3.
        labels: int64 (N,), or None.
        is_held_out: bool (N,), True for the source's own test images; None where the source has no test split.

    Raises:
        DataError: if a dtype, rank or length is another.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    is_held_out: np.ndarray | None = None

    def __post_init__(self) -> None:
        check_images(self.images, self.labels)
        if self.is_held_out is not None:
            _check_array("is_held_out", self.is_held_out, np.dtype(np.bool_), rank=1)
            _check_length("is_held_out marks", self.is_held_out, self.images)

    def __getitem__(self, part: slice) -> ImageChunk:
        """Some of these images."""
        labels = None if self.labels is None else self.labels[part]
        marks = None if self.is_held_out is None else self.is_held_out[part]
        return ImageChunk(self.images[part], labels, marks)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)


def count_classes(images: ImageSet) -> list[int]:
    """Images of each class; [] where they have none."""
    return [] if images.labels is None else np.bincount(images.labels, minlength=len(images.class_names)).tolist()


def check_images(images: np.ndarray, labels: np.ndarray | None) -> None:
    """Raise DataError unless images are uint8 (N, H, W, C) or (N, T, H, W, C), C 1 or 3, and labels, if any, are int64 (N,)."""
    _check_array("images", images, np.dtype(np.uint8), rank=5 if images.ndim == 5 else 4)
    if images.shape[-1] not in (1, 3):
        raise DataError(f"Got {images.shape[-1]} channels, expected 1 (grey) or 3 (RGB). Convert the images.")
    if labels is not None:
        _check_array("labels", labels, np.dtype(np.int64), rank=1)
        _check_length("labels", labels, images)


def check_labels(labels: np.ndarray | None, num_classes: int) -> None:
    """Raise DataError unless labels are from 0 to num_classes - 1; without labels, unless there is no class."""
    if labels is None:
        if num_classes:
            raise DataError(f"Got names of {num_classes} classes and no labels, expected both or neither. Give every image a label.")
    elif len(labels) and (labels.min() < 0 or labels.max() >= num_classes):
        raise DataError(
            f"Got labels from {labels.min()} to {labels.max()}, expected 0 to {num_classes - 1}, for {num_classes} classes. "
            "Number the classes from 0."
        )


def _check_array(name: str, array: np.ndarray, dtype: np.dtype, rank: int) -> None:
    if array.dtype != dtype or array.ndim != rank:
        raise DataError(f"Got {name} of dtype {array.dtype} and rank {array.ndim}, expected {dtype} and rank {rank}. Convert them first.")


def _check_length(name: str, values: np.ndarray, images: np.ndarray) -> None:
    if len(values) != len(images):
        raise DataError(f"Got {len(values)} {name} for {len(images)} images, expected one each. Check that they belong together.")


SMALLEST, LARGEST = 8, 256
"""Pixels that images have in height and in width."""

FEWEST_FRAMES, MOST_FRAMES = 2, 64
"""That clips have."""


def check_image_shape(image_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape, (H, W, C) or (T, H, W, C), of images or clips that can be generated, looked at and scored.

    Raises:
        DataError: unless height and width are from SMALLEST to LARGEST, there are 1 or 3 channels, and a clip has FEWEST_FRAMES to
            MOST_FRAMES.
    """
    *num_frames, height, width, channels = image_shape
    if not all(SMALLEST <= size <= LARGEST for size in (height, width)) or channels not in (1, 3):
        raise DataError(
            f"Got images of {height} × {width} pixels and {channels} channels, expected {SMALLEST} to {LARGEST} pixels a side, and 1 "
            "channel (grey) or 3 (RGB). Crop, pad or resize the images, or choose another data.source."
        )
    if not all(FEWEST_FRAMES <= num <= MOST_FRAMES for num in num_frames):
        raise DataError(f"Got clips of {num_frames[0]} frames, expected {FEWEST_FRAMES} to {MOST_FRAMES}. Set data.clip.frames.")
    return tuple(image_shape)


def evenly(total: int, most: int) -> np.ndarray:
    """Numbers of at most `most` of `total` images, ascending and evenly over all: they may be in the order of their classes."""
    return np.linspace(0, total - 1, min(total, most)).astype(int)
