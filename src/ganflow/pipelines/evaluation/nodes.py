"""Nodes that score a generator: features, then numbers."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import pandas as pd

from ganflow.config.evaluation import EvaluationParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.errors import DataError
from ganflow.features.stored import FeatureExtractor
from ganflow.metrics.report import FeatureSet, check_accuracy, score
from ganflow.records import GeneratorRecord


class Metrics(TypedDict):
    """Scores of a generator, and what they rest on.

    Attributes:
        scores: {subject: {name of a score: its value}}, of the generator, of training images and of noise.
        feature_extractor: the classifier's `accuracy` and the `sha256` of its weights.
        generator: record of the generator.
    """

    scores: dict[str, dict[str, float]]
    feature_extractor: dict[str, float | str]
    generator: GeneratorRecord


def extract_features(
    generator: Any,
    generator_record: GeneratorRecord,
    extractor: FeatureExtractor,
    train_images: np.ndarray,
    held_out_images: np.ndarray,
    parameters: EvaluationParameters,
) -> dict[str, FeatureSet]:
    """Features and predicted classes of held-out images, generated images, training images and noise."""
    from ganflow.networks import check_record
    from ganflow.sampling.images import sample_images
    from ganflow.scoring import Scorer, num_scored

    check_record(generator, generator_record)
    _check_shape(generator.output_shape[1:], held_out_images.shape[1:])
    num = num_scored(parameters, len(train_images))
    scorer = Scorer(extractor, held_out_images, parameters)
    drawn = sample_images(generator, num, parameters.batch_size, parameters.seed)
    random = np.random.default_rng(parameters.seed)
    real = train_images[np.sort(random.choice(len(train_images), num, replace=False))]
    noise = random.integers(0, 256, (num, *held_out_images.shape[1:]), dtype=np.uint8)
    subjects = {"generator": drawn, "real_images": real, "noise": noise}
    return {"held_out": scorer.held_out} | {name: scorer.classify(images) for name, images in subjects.items()}


def _check_shape(generated: tuple[int, ...], held_out: tuple[int, ...]) -> None:
    if generated != held_out:
        raise DataError(
            f"The generator makes images of shape {generated}, the held-out images have {held_out}. "
            "Train a generator on this data.source first: kedro run."
        )


def score_features(
    features: dict[str, FeatureSet],
    extractor: FeatureExtractor,
    data_fingerprint: Fingerprint,
    generator_record: GeneratorRecord,
    parameters: EvaluationParameters,
) -> dict[str, Any]:
    """Score the generator against held-out images, between a floor (real training images) and a ceiling (noise)."""
    known = extractor["metadata"]
    check_accuracy(known["accuracy"], parameters.minimum_accuracy)
    scores = {
        subject: score(features["held_out"], features[subject], data_fingerprint["num_classes"], parameters.num_neighbours)
        for subject in ("generator", "real_images", "noise")
    }
    metrics: Metrics = {
        "scores": scores,
        "feature_extractor": {"accuracy": known["accuracy"], "sha256": known["sha256"]},
        "generator": generator_record,
    }
    return {"metrics": metrics, "metrics_table": _table(scores)}


def _table(scores: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row for each metric, one column for each subject."""
    return pd.DataFrame(scores).rename_axis("metric").reset_index()
