"""All scores of one generator at once, each under a key that states how it was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError
from ganflow.metrics.classes import class_histogram_distance, num_classes_reached
from ganflow.metrics.frechet import frechet_distance
from ganflow.metrics.kernel import kernel_distance
from ganflow.metrics.neighbours import manifold_scores


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Samples as one classifier sees them; compare only sets that the same classifier has seen.

    Attributes:
        features: (N, D), its penultimate layer.
        labels: (N,), the class it decides on, 0 to number of classes - 1.

    Raises:
        DataError: if features and labels are not equally many.
    """

    features: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if len(self.features) != len(self.labels):
            raise DataError(
                f"Got {len(self.features)} features and {len(self.labels)} labels, expected one label per sample. "
                "Take both from the same pass of the classifier."
            )


def check_accuracy(accuracy: float, minimum: float) -> None:
    """Refuse features of a classifier that does not know the images.

    Args:
        accuracy: share of the held-out images that it names rightly, 0 to 1.
        minimum: the least that scores in its features can rest on, 0 to 1.

    Raises:
        DataError: if it is below.
    """
    if accuracy < minimum:
        raise DataError(
            f"The feature extractor names {accuracy:.1%} of the held-out images rightly; scores in its features need at least "
            f"{minimum:.1%}. Raise extractor.epochs, or lower evaluation.minimum_accuracy."
        )


def score(real: FeatureSet, generated: FeatureSet, num_classes: int, num_neighbours: int = 5) -> dict[str, float]:
    """Every metric of generated against held-out real samples.

    Args:
        real: at least four held-out samples, none of which the generator was trained on.
        generated: at least four samples.
        num_classes: number of classes the labels are from.
        num_neighbours: k of precision, recall, density and coverage; below the number of samples in either set.

    Returns:
        Scores by name and protocol, such as `frechet_distance_4000_heldout` for 4,000 generated samples. Units and ranges stand with
        the functions that compute them.

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
        "class_histogram_distance": class_histogram_distance(real.labels, generated.labels, num_classes),
        "num_classes_reached": float(num_classes_reached(generated.labels, num_classes)),
    }
    return {score_key(name, len(generated.features)): value for name, value in scores.items()}


def score_key(name: str, num_generated: int) -> str:
    """Key of a score: its name, the number of generated samples, and that the real ones were held out from training."""
    return f"{name}_{num_generated}_heldout"
