"""Nodes that fetch the images and keep some of them apart."""

from __future__ import annotations

from typing import Any

from ganflow.config.data import DataParameters
from ganflow.data import sources, splits
from ganflow.data.fingerprint import describe
from ganflow.data.images import LabelledImages


def load_images(parameters: DataParameters) -> LabelledImages:
    """Fetch every image of the source, with its label."""
    return sources.load_images(parameters.source, parameters.location)


def split_images(images: LabelledImages, parameters: DataParameters) -> dict[str, Any]:
    """Divide the images into a training and a held-out part, the same for the same parameters."""
    split = splits.split(images, parameters.held_out_per_class, parameters.seed)
    return {
        "train_images": split.train_images,
        "train_labels": split.train_labels,
        "held_out_images": split.held_out_images,
        "held_out_labels": split.held_out_labels,
        "data_fingerprint": describe(split, parameters.source),
    }
