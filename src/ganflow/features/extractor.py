"""The space in which generators are scored: a classifier that is trained once and then frozen."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from ganflow.config.evaluation import EvaluationParameters
from ganflow.errors import CheckpointError
from ganflow.features.classifier import MOST_IMAGES, build_classifier, extract, train_classifier
from ganflow.networks import architecture, instantiate
from ganflow.runtime.hashing import hash_named_arrays

logger = logging.getLogger(__name__)

FROZEN_BY = ("extractor_epochs", "extractor_batch_size", "extractor_learning_rate", "seed")


def obtain_feature_extractor(
    stored: dict[str, Any],
    train_images: np.ndarray,
    train_labels: np.ndarray,
    held_out_images: np.ndarray,
    held_out_labels: np.ndarray,
    data_fingerprint: dict[str, Any],
    parameters: EvaluationParameters,
) -> dict[str, Any]:
    """Take the stored digit classifier if it was trained on these images with these settings; else train it, once."""
    height, width, channels = data_fingerprint["image_shape"]
    described = architecture(build_classifier((height, width, channels), data_fingerprint["num_classes"]))
    origin = {"data": data_fingerprint["sha256"], "architecture": described, **{name: getattr(parameters, name) for name in FROZEN_BY}}
    if len(train_images) > MOST_IMAGES:
        origin["num_images"] = MOST_IMAGES
    if stored and stored["metadata"].get("origin") == origin:
        return _checked(stored)
    classifier = instantiate(described, parameters.seed)
    train_classifier(
        classifier,
        train_images,
        train_labels,
        parameters.extractor_epochs,
        min(parameters.extractor_batch_size, len(train_images)),
        parameters.extractor_learning_rate,
        parameters.seed,
    )
    _, classes = extract(classifier, held_out_images, parameters.batch_size)
    arrays = {variable.path: np.array(variable) for variable in classifier.weights}
    accuracy = float(np.mean(classes == held_out_labels))
    return {"arrays": arrays, "metadata": {"origin": origin, "accuracy": accuracy, "sha256": hash_named_arrays(arrays)}}


def _checked(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a stored extractor if its weights are still those that were frozen."""
    expected, found = stored["metadata"]["sha256"], hash_named_arrays(stored["arrays"])
    if found != expected:
        raise CheckpointError(
            f"The stored feature extractor's weights have SHA-256 {found[:12]}…, not the {expected[:12]}… that they were frozen with. "
            "Remove data/06_models/feature_extractor.safetensors and run again to train it anew."
        )
    logger.info("The stored feature extractor %s is used.", expected[:12])
    return stored
