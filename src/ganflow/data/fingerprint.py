"""What identifies the images that are trained on and those that are held out."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ganflow.data.images import ImageSet, count_classes
from ganflow.errors import DataError
from ganflow.runtime.hashing import hash_array, hash_arrays


class Fingerprint(TypedDict):
    """Two sets of images, training and held-out.

    Attributes:
        source: key of `ganflow.data.sources.SOURCES`.
        sha256: of all images and labels, see `fingerprint`; 64 hexadecimal digits.
        train_images_sha256: of the training images alone.
        num_train: training images.
        num_held_out: held-out images.
        image_shape: [H, W, C], or [T, H, W, C] for clips.
        class_names: one for each class; empty where the images have none.
        class_counts: training images of each class; empty where they have none.
    """

    source: str
    sha256: str
    train_images_sha256: str
    num_train: int
    num_held_out: int
    image_shape: list[int]
    class_names: list[str]
    class_counts: list[int]


def fingerprint(train: ImageSet, held_out: ImageSet) -> str:
    """SHA-256 of both sets: equal if and only if the same images are trained on and held out, in the same order.

    Returns:
        64 hexadecimal digits.
    """
    arrays = (train.images, train.labels, held_out.images, held_out.labels)
    return hash_arrays(array for array in arrays if array is not None)


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


def counts_of_classes(described: Fingerprint) -> list[int]:
    """Training images of each class; [] where they have none.

    Raises:
        DataError: if an earlier version described the images, which did not count.
    """
    if "class_counts" not in described:
        raise DataError(
            "The images were described by an earlier version, which did not count classes. Do it again: kedro run --pipelines data"
        )
    return described["class_counts"]


def describe(train: ImageSet, held_out: ImageSet, source: str) -> Fingerprint:
    """What is trained on and held out, for a JSON file.

    Args:
        train: training images.
        held_out: held-out images.
        source: key of `ganflow.data.sources.SOURCES`.
    """
    return {
        "source": source,
        "sha256": fingerprint(train, held_out),
        "train_images_sha256": hash_array(train.images),
        "num_train": len(train),
        "num_held_out": len(held_out),
        "image_shape": list(train.images.shape[1:]),
        "class_names": list(train.class_names),
        "class_counts": count_classes(train),
    }
