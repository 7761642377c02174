"""Which images are trained on and which are held out for evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.data.images import LabelledImages
from ganflow.errors import ConfigurationError, DataError


@dataclass(frozen=True, eq=False)
class Split:
    """Two disjoint parts of one set of images, each in the order of the source.

    Attributes:
        train_images: uint8 (N, H, W, C), 0 to 255.
        train_labels: int64 (N,).
        held_out_images: uint8 (M, H, W, C), 0 to 255.
        held_out_labels: int64 (M,).
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    held_out_images: np.ndarray
    held_out_labels: np.ndarray


def split(images: LabelledImages, held_out_per_class: int | None, seed: int) -> Split:
    """Every image, in one of two parts.

    Args:
        images: the whole set.
        held_out_per_class: how many images of each class to draw from the whole set; None takes the source's own test images.
        seed: of the draw, 0 or more; no other randomness enters.

    Returns:
        The held-out images and all the others, both in the order of the source.

    Raises:
        ConfigurationError: if the count or the seed is out of range, or None is asked of a source without a test split.
        DataError: if a class has too few images to leave one to train on.
    """
    is_held_out = _published_mask(images) if held_out_per_class is None else _draw_mask(images.labels, held_out_per_class, seed)
    return Split(
        train_images=images.images[~is_held_out],
        train_labels=images.labels[~is_held_out],
        held_out_images=images.images[is_held_out],
        held_out_labels=images.labels[is_held_out],
    )


def _published_mask(images: LabelledImages) -> np.ndarray:
    if images.is_held_out is None:
        raise ConfigurationError(
            "Got data.held_out_per_class null, expected a number: this source has no test split of its own. "
            "Set data.held_out_per_class to how many images of each class to hold out."
        )
    return images.is_held_out


def _draw_mask(labels: np.ndarray, held_out_per_class: int, seed: int) -> np.ndarray:
    """Bool (N,), True for the drawn images: `held_out_per_class` of each class."""
    _check_draw(labels, held_out_per_class, seed)
    generator = np.random.Generator(np.random.PCG64(seed))
    is_held_out = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        is_held_out[generator.choice(members, size=held_out_per_class, replace=False)] = True
    return is_held_out


def _check_draw(labels: np.ndarray, held_out_per_class: int, seed: int) -> None:
    if held_out_per_class < 1:
        raise ConfigurationError(
            f"Got {held_out_per_class} images to hold out of each class, expected at least 1. Set data.held_out_per_class, "
            f"or to null for the source's own test split."
        )
    if seed < 0:
        raise ConfigurationError(f"Got seed {seed} for the split, expected 0 or more. Set data.seed.")
    classes, counts = np.unique(labels, return_counts=True)
    too_few = [f"class {label} has {count}" for label, count in zip(classes, counts, strict=True) if count <= held_out_per_class]
    if too_few:
        raise DataError(
            f"Too few images: {', '.join(too_few)}; expected more than {held_out_per_class} in every class, to hold out that many and "
            f"train on the rest. Lower data.held_out_per_class, or add images."
        )
