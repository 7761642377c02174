"""Nodes that score a generator: features, then numbers."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import numpy as np
import pandas as pd

from ganflow.config import EvaluationParameters
from ganflow.errors import DataError
from ganflow.metrics.report import FeatureSet, score

logger = logging.getLogger(__name__)

FROZEN_BY = ("extractor_epochs", "extractor_batch_size", "extractor_learning_rate", "seed")


def obtain_feature_extractor(
    stored: dict[str, Any],
    train_images: np.ndarray,
    train_labels: np.ndarray,
    data_fingerprint: dict[str, Any],
    parameters: EvaluationParameters,
) -> dict[str, Any]:
    """Take the stored digit classifier if it was trained on these images with these settings; else train it, once."""
    origin = {"data": data_fingerprint["sha256"], **{name: getattr(parameters, name) for name in FROZEN_BY}}
    if stored and stored["metadata"]["origin"] == origin:
        logger.info("The stored feature extractor %s is used.", stored["metadata"]["sha256"][:12])
        return stored
    from ganflow import networks
    from ganflow.networks import features

    height, width, channels = data_fingerprint["image_shape"]
    described = networks.architecture(features.build_classifier((height, width, channels), data_fingerprint["num_classes"]))
    classifier = networks.instantiate(described, parameters.seed)
    features.train_classifier(
        classifier,
        train_images,
        train_labels,
        parameters.extractor_epochs,
        min(parameters.extractor_batch_size, len(train_images)),
        parameters.extractor_learning_rate,
        parameters.seed,
    )
    arrays = {variable.path: np.array(variable) for variable in classifier.weights}
    return {"arrays": arrays, "metadata": {"architecture": described, "origin": origin, "sha256": _hash_arrays(arrays)}}


def extract_features(
    generator: Any,
    extractor: dict[str, Any],
    train_images: np.ndarray,
    held_out_images: np.ndarray,
    parameters: EvaluationParameters,
) -> dict[str, FeatureSet]:
    """Features and predicted classes of held-out images, generated images, training images and noise."""
    from ganflow import networks
    from ganflow.networks.features import extract
    from ganflow.sampling.images import sample_images

    if generator.output_shape[1:] != held_out_images.shape[1:]:
        raise DataError(
            f"The generator makes images of shape {generator.output_shape[1:]}, the held-out images have {held_out_images.shape[1:]}. "
            "Train a generator on this data.source first: kedro run."
        )
    classifier = networks.instantiate(extractor["metadata"]["architecture"])
    for variable in classifier.weights:
        variable.assign(extractor["arrays"][variable.path])
    random = np.random.default_rng(parameters.seed)
    num = min(parameters.num_samples, len(train_images))
    images = {
        "held_out": held_out_images,
        "generator": sample_images(generator, num, parameters.batch_size, parameters.seed),
        "real_images": train_images[np.sort(random.choice(len(train_images), num, replace=False))],
        "noise": random.integers(0, 256, (num, *held_out_images.shape[1:]), dtype=np.uint8),
    }
    return {name: FeatureSet(*extract(classifier, pixels, parameters.batch_size)) for name, pixels in images.items()}


def score_features(
    features: dict[str, FeatureSet],
    held_out_labels: np.ndarray,
    extractor: dict[str, Any],
    data_fingerprint: dict[str, Any],
    generator_record: dict[str, Any],
    parameters: EvaluationParameters,
) -> dict[str, Any]:
    """Score the generator against held-out images, between a floor (real training images) and a ceiling (noise)."""
    held_out = features["held_out"]
    accuracy = float(np.mean(held_out.labels == held_out_labels))
    if accuracy < parameters.minimum_accuracy:
        raise DataError(
            f"The feature extractor names {accuracy:.1%} of the held-out images rightly; scores in its features need at least "
            f"{parameters.minimum_accuracy:.1%}. Raise evaluation.extractor_epochs, or lower evaluation.minimum_accuracy."
        )
    scores = {
        subject: score(held_out, features[subject], data_fingerprint["num_classes"], parameters.num_neighbours)
        for subject in ("generator", "real_images", "noise")
    }
    extractor_record = {"accuracy": accuracy, "sha256": extractor["metadata"]["sha256"]}
    metrics = {"scores": scores, "feature_extractor": extractor_record, "generator": generator_record}
    return {"metrics": metrics, "metrics_table": _table(scores)}


def _table(scores: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row for each metric, one column for each subject."""
    return pd.DataFrame(scores).rename_axis("metric").reset_index()


def _hash_arrays(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of names and contents, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
