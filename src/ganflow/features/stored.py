"""The classifier as it is stored; importing this needs no TensorFlow."""

from __future__ import annotations

import logging
from typing import Any, NotRequired, TypedDict

import numpy as np

from ganflow.errors import CheckpointError
from ganflow.runtime.hashing import hash_named_arrays

logger = logging.getLogger(__name__)


class Origin(TypedDict):
    """Everything that decides the classifier's weights.

    Attributes:
        data: SHA-256 of the images, see `fingerprint`.
        architecture: parsed JSON of the network.
        extractor_epochs: `extractor.epochs`; the names here are those that files have had from the beginning.
        extractor_batch_size: `extractor.batch_size`.
        extractor_learning_rate: `extractor.learning_rate`.
        seed: `extractor.seed`.
        num_images: how many images were drawn to train on; absent if all were taken.
    """

    data: str
    architecture: dict[str, Any]
    extractor_epochs: int
    extractor_batch_size: int
    extractor_learning_rate: float
    seed: int
    num_images: NotRequired[int]


class ExtractorMetadata(TypedDict):
    """What is known of a trained classifier.

    Attributes:
        origin: see `Origin`.
        accuracy: share of the held-out images that it names rightly, 0 to 1.
        sha256: of the weights.
    """

    origin: Origin
    accuracy: float
    sha256: str


class FeatureExtractor(TypedDict):
    """The classifier in whose features generators are scored.

    Attributes:
        arrays: weights, by path of the variable.
        metadata: see `ExtractorMetadata`.
    """

    arrays: dict[str, np.ndarray]
    metadata: ExtractorMetadata


def check_frozen(stored: FeatureExtractor) -> None:
    """Make sure that the weights of a stored classifier are those that were frozen.

    Raises:
        CheckpointError: if they are not.
    """
    expected, found = stored["metadata"]["sha256"], hash_named_arrays(stored["arrays"])
    if found != expected:
        raise CheckpointError(
            f"The stored feature extractor's weights have SHA-256 {found[:12]}…, not the {expected[:12]}… that they were frozen with. "
            "Remove data/06_models/feature_extractor.safetensors and run again to train it anew."
        )
    logger.info("The stored feature extractor %s is used.", expected[:12])
