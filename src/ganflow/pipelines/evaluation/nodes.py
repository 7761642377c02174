"""Nodes that score a generator: features, then numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ganflow.config.evaluation import EvaluationParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.images import ImageSet
from ganflow.errors import DataError
from ganflow.features.stored import FeatureExtractor
from ganflow.metrics.report import FeatureSet, score
from ganflow.records import GeneratorRecord, Metrics
from ganflow.runtime.seeds import named_random


def extract_features(
    generator: Any,
    generator_record: GeneratorRecord,
    extractor: FeatureExtractor,
    train: ImageSet,
    held_out: ImageSet,
    parameters: EvaluationParameters,
) -> dict[str, FeatureSet]:
    """Features, and predicted classes if there are any, of held-out images, generated images, training images and noise.

    Of clips, also of the same training clips with their frames in disorder, and with one frame again and again.
    """
    from ganflow.metrics.motion import shuffled, still
    from ganflow.networks import check_record
    from ganflow.networks.conditional import labels_of
    from ganflow.sampling.images import images_from_inputs, sample_inputs
    from ganflow.scoring import Scorer, num_scored

    check_record(generator, generator_record)
    _check_shape(generator.output_shape[1:], held_out.images.shape[1:])
    num = num_scored(parameters, len(train))
    scorer = Scorer(extractor, held_out.images, parameters)
    inputs = sample_inputs(generator, num, parameters.seed)
    drawn = images_from_inputs(generator, inputs, parameters.batch_size)
    chosen = named_random(parameters.seed, "training images to score").choice(len(train), num, replace=False)
    noise = named_random(parameters.seed, "noise to score").integers(0, 256, (num, *held_out.images.shape[1:]), dtype=np.uint8)
    real = train.images[np.sort(chosen)]
    subjects = {"generator": drawn, "real_images": real, "noise": noise}
    if real.ndim == 5:
        subjects |= {"shuffled": shuffled(real, named_random(parameters.seed, "frames in disorder")), "still": still(real)}
    features = {name: scorer.extract(images) for name, images in subjects.items()}
    features["generator"] = replace(features["generator"], asked=labels_of(inputs))
    return {"held_out": scorer.held_out} | features


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
    scores = {
        subject: score(features["held_out"], seen, len(data_fingerprint["class_names"]), parameters.num_neighbours)
        for subject, seen in features.items()
        if subject != "held_out"
    }
    metrics: Metrics = {
        "scores": scores,
        "feature_extractor": _describe(extractor),
        "generator": generator_record,
    }
    return {"metrics": metrics, "metrics_table": _table(scores)}


def _describe(extractor: FeatureExtractor) -> dict[str, float | str]:
    metadata = extractor["metadata"]
    described: dict[str, float | str] = {"name": metadata["origin"]["name"], "sha256": metadata["sha256"]}
    if "accuracy" in metadata:
        described["accuracy"] = metadata["accuracy"]
    if "frames" in metadata and "accuracy" in metadata["frames"]:
        described["frame_accuracy"] = metadata["frames"]["accuracy"]
    return described


def _table(scores: dict[str, dict[str, float]]) -> pd.DataFrame:
    """One row for each metric, one column for each subject."""
    return pd.DataFrame(scores).rename_axis("metric").reset_index()
