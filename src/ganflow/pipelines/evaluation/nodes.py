"""Nodes that score a generator: features, then numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ganflow.config.evaluation import EvaluationParameters
from ganflow.errors import DataError
from ganflow.metrics.report import FeatureSet, check_accuracy, score


def extract_features(
    generator: Any,
    generator_record: dict[str, Any],
    extractor: dict[str, Any],
    train_images: np.ndarray,
    held_out_images: np.ndarray,
    parameters: EvaluationParameters,
) -> dict[str, FeatureSet]:
    """Features and predicted classes of held-out images, generated images, training images and noise."""
    from ganflow import networks
    from ganflow.features.classifier import extract, restore_classifier
    from ganflow.sampling.images import sample_images

    networks.check_record(generator, generator_record)
    if generator.output_shape[1:] != held_out_images.shape[1:]:
        raise DataError(
            f"The generator makes images of shape {generator.output_shape[1:]}, the held-out images have {held_out_images.shape[1:]}. "
            "Train a generator on this data.source first: kedro run."
        )
    classifier = restore_classifier(extractor)
    random = np.random.default_rng(parameters.seed)
    num = min(parameters.num_samples, len(train_images))
    images = {
        "held_out": held_out_images,
        "generator": sample_images(generator, num, parameters.batch_size, parameters.seed),
        "real_images": train_images[np.sort(random.choice(len(train_images), num, replace=False))],
        "noise": random.integers(0, 256, (num, *held_out_images.shape[1:]), dtype=np.uint8),
    }
    features, classes = extract(classifier, np.concatenate(list(images.values())), parameters.batch_size)
    ends = np.cumsum([len(pixels) for pixels in images.values()])[:-1]
    parts = zip(np.split(features, ends), np.split(classes, ends), strict=True)
    return {name: FeatureSet(*part) for name, part in zip(images, parts, strict=True)}


def score_features(
    features: dict[str, FeatureSet],
    extractor: dict[str, Any],
    data_fingerprint: dict[str, Any],
    generator_record: dict[str, Any],
    parameters: EvaluationParameters,
) -> dict[str, Any]:
    """Score the generator against held-out images, between a floor (real training images) and a ceiling (noise)."""
    accuracy = extractor["metadata"]["accuracy"]
    check_accuracy(accuracy, parameters.minimum_accuracy)
    scores = {
        subject: score(features["held_out"], features[subject], data_fingerprint["num_classes"], parameters.num_neighbours)
        for subject in ("generator", "real_images", "noise")
    }
    extractor_record = {"accuracy": accuracy, "sha256": extractor["metadata"]["sha256"]}
    metrics = {"scores": scores, "feature_extractor": extractor_record, "generator": generator_record}
    return {"metrics": metrics, "metrics_table": _table(scores)}


def _table(scores: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row for each metric, one column for each subject."""
    return pd.DataFrame(scores).rename_axis("metric").reset_index()
