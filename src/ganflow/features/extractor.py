"""The space in which generators are scored: a classifier that is trained once and then frozen."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.splits import Split
from ganflow.features.classifier import MOST_IMAGES, build_classifier, extract, train_classifier
from ganflow.features.stored import FeatureExtractor, Origin, check_frozen
from ganflow.networks import architecture, instantiate
from ganflow.runtime.hashing import hash_named_arrays

_CLASSIFIED_AT_ONCE = 500
"""Held-out images in one call; it bounds memory."""


def obtain_feature_extractor(
    stored: dict[str, Any], split: Split, data_fingerprint: Fingerprint, parameters: ExtractorParameters
) -> FeatureExtractor:
    """Take the stored digit classifier if it was trained on these images with these settings; else train it, once.

    Args:
        stored: what the file holds: {} if there is none, perhaps something of another project.
        split: images to train on, and to measure the accuracy on.
        data_fingerprint: of the split.
        parameters: of the classifier.

    Raises:
        CheckpointError: if the stored weights are not those that were frozen.
    """
    origin = _origin(len(split.train_images), data_fingerprint, parameters)
    if stored and stored["metadata"].get("origin") == origin:
        frozen = cast("FeatureExtractor", stored)
        check_frozen(frozen)
        return frozen
    return _train(split, origin, parameters)


def _origin(num_train: int, data_fingerprint: Fingerprint, parameters: ExtractorParameters) -> Origin:
    height, width, channels = data_fingerprint["image_shape"]
    origin: Origin = {
        "data": data_fingerprint["sha256"],
        "architecture": architecture(build_classifier((height, width, channels), data_fingerprint["num_classes"])),
        "extractor_epochs": parameters.epochs,
        "extractor_batch_size": parameters.batch_size,
        "extractor_learning_rate": parameters.learning_rate,
        "seed": parameters.seed,
    }
    if num_train > MOST_IMAGES:
        origin["num_images"] = MOST_IMAGES
    return origin


def _train(split: Split, origin: Origin, parameters: ExtractorParameters) -> FeatureExtractor:
    classifier = instantiate(origin["architecture"], parameters.seed)
    train_classifier(
        classifier,
        split.train_images,
        split.train_labels,
        parameters.epochs,
        min(parameters.batch_size, len(split.train_images)),
        parameters.learning_rate,
        parameters.seed,
    )
    _, classes = extract(classifier, split.held_out_images, _CLASSIFIED_AT_ONCE)
    accuracy = float(np.mean(classes == split.held_out_labels))
    arrays = {variable.path: np.array(variable) for variable in classifier.weights}
    return {"arrays": arrays, "metadata": {"origin": origin, "accuracy": accuracy, "sha256": hash_named_arrays(arrays)}}
