"""What identifies a set of images."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ganflow.data.splits import Split
from ganflow.errors import DataError
from ganflow.runtime.hashing import hash_array, hash_arrays


class Fingerprint(TypedDict):
    """A set of images, and how it is divided.

    Attributes:
        source: key of `ganflow.data.sources.SOURCES`.
        sha256: of all images and labels, see `fingerprint`; 64 hexadecimal digits.
        train_images_sha256: of the training images alone.
        num_train: training images.
        num_held_out: held-out images.
        image_shape: [H, W, C].
        num_classes: of all labels.
    """

    source: str
    sha256: str
    train_images_sha256: str
    num_train: int
    num_held_out: int
    image_shape: list[int]
    num_classes: int


def fingerprint(parts: Split) -> str:
    """SHA-256 of everything in a split: equal if and only if the same images are trained on and held out, in the same order.

    Returns:
        64 hexadecimal digits.
    """
    return hash_arrays((parts.train_images, parts.train_labels, parts.held_out_images, parts.held_out_labels))


def check_fingerprint(train_images: np.ndarray, described: Fingerprint) -> None:
    """Make sure that training images are those that `describe` described.

    Raises:
        DataError: if they are not, as after a data pipeline that was cut off between its files.
    """
    found, expected = hash_array(train_images), described["train_images_sha256"]
    if found != expected:
        raise DataError(
            f"The training images have SHA-256 {found[:12]}…, their fingerprint says {expected[:12]}…: they are of different data. "
            "Make both anew: kedro run --pipelines data"
        )


def describe(parts: Split, source: str) -> Fingerprint:
    """What was trained on, for a JSON file.

    Args:
        parts: the split.
        source: key of `ganflow.data.sources.SOURCES`.
    """
    labels = np.concatenate([parts.train_labels, parts.held_out_labels])
    return {
        "source": source,
        "sha256": fingerprint(parts),
        "train_images_sha256": hash_array(parts.train_images),
        "num_train": len(parts.train_images),
        "num_held_out": len(parts.held_out_images),
        "image_shape": list(parts.train_images.shape[1:]),
        "num_classes": len(np.unique(labels)),
    }
