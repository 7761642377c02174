"""All scores of one generator at once, each under a key that states how it was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError
from ganflow.metrics.classes import agreement, class_histogram_distance, num_classes_reached
from ganflow.metrics.frechet import frechet_distance
from ganflow.metrics.kernel import kernel_distance
from ganflow.metrics.motion import Motion, motion_scores
from ganflow.metrics.neighbours import manifold_scores

_FEWEST = 4
"""Images of a class that a kernel distance takes."""


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Samples as one feature extractor sees them; compare only sets that the same extractor has seen.

    Attributes:
        features: (N, D).
        labels: (N,), the class that the extractor decides on, 0 to number of classes - 1; None for one that names no classes.
        asked: (N,), the class that a generator was asked for; None for one that knows no classes, and for real images.
        frames: (N, D), of one frame of each clip, as an extractor of images sees it; None for images.
        motion: of clips; None for images.

    Raises:
        DataError: if features and labels are not equally many.
    """

    features: np.ndarray
    labels: np.ndarray | None = None
    asked: np.ndarray | None = None
    frames: np.ndarray | None = None
    motion: Motion | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.features) != len(self.labels):
            raise DataError(
                f"Got {len(self.features)} features and {len(self.labels)} labels, expected one label per sample. "
                "Take both from the same pass of the classifier."
            )


def score(real: FeatureSet, generated: FeatureSet, num_classes: int, num_neighbours: int = 5) -> dict[str, float]:
    """Every metric of generated against held-out real samples.

    Args:
        real: at least four held-out samples, none of which the generator was trained on.
        generated: at least four samples.
        num_classes: number of classes the labels are from; of no importance where there are none.
        num_neighbours: k of precision, recall, density and coverage; below the number of samples in either set.

    Returns:
        Scores by name and protocol, such as `frechet_distance_4000_heldout` for 4,000 generated samples. Units and ranges stand with
        the functions that compute them. Without labels, those about classes are left out; of images, those about frames and motion.

    Raises:
        DataError: if the samples are too few or not finite, the dimensions differ, or a label is not a class.
    """
    kernel = kernel_distance(real.features, generated.features)
    manifold = manifold_scores(real.features, generated.features, num_neighbours)
    scores = {
        "frechet_distance": frechet_distance(real.features, generated.features),
        "kernel_distance": kernel.value,
        "kernel_distance_standard_error": kernel.standard_error,
        "precision": manifold.precision,
        "recall": manifold.recall,
        "density": manifold.density,
        "coverage": manifold.coverage,
    }
    if real.labels is not None and generated.labels is not None:
        scores["class_histogram_distance"] = class_histogram_distance(real.labels, generated.labels, num_classes)
        scores["num_classes_reached"] = float(num_classes_reached(generated.labels, num_classes))
        if generated.asked is not None:
            shares = agreement(generated.asked, generated.labels, num_classes)
            scores["asked_class_share"] = float(np.mean(generated.asked == generated.labels))
            scores["lowest_asked_class_share"] = float(np.nanmin(shares))
            scores["kernel_distance_within_classes"] = _within_classes(real, generated, num_classes)
    if real.frames is not None and generated.frames is not None:
        of_frames = kernel_distance(real.frames, generated.frames)
        scores["frame_frechet_distance"] = frechet_distance(real.frames, generated.frames)
        scores["frame_kernel_distance"] = of_frames.value
        scores["frame_kernel_distance_standard_error"] = of_frames.standard_error
    if real.motion is not None and generated.motion is not None:
        scores |= motion_scores(real.motion, generated.motion)
    return {score_key(name, len(generated.features)): value for name, value in scores.items()}


def _within_classes(real: FeatureSet, generated: FeatureSet, num_classes: int) -> float:
    """Mean over the classes of the kernel distance between real images of a class and those that were asked to be of it.

    Classes of fewer than four images on a side are left out; NaN if none is left.
    """
    pairs = [(real.features[real.labels == own], generated.features[generated.asked == own]) for own in range(num_classes)]
    values = [kernel_distance(*pair).value for pair in pairs if min(map(len, pair)) >= _FEWEST]
    return float(np.mean(values)) if values else math.nan


def score_key(name: str, num_generated: int) -> str:
    """Key of a score: its name, the number of generated samples, and that the real ones were held out from training."""
    return f"{name}_{num_generated}_heldout"
