"""Scores of what a generator draws, in the features of one extractor, against held-out images."""

from __future__ import annotations

import numpy as np

from ganflow.config.evaluation import EvaluationParameters
from ganflow.features.extractor import Extractor
from ganflow.features.stored import FeatureExtractor
from ganflow.metrics.report import FeatureSet, score


class Scorer:
    """Scores sets of images, with an extractor that is compiled once and held-out images that it sees once.

    Attributes:
        extract: from (N, H, W, C) uint8 images to what the extractor sees in them.
        held_out: the held-out images, as the extractor sees them.
    """

    def __init__(self, extractor: FeatureExtractor, held_out_images: np.ndarray, parameters: EvaluationParameters) -> None:
        """Compile the extractor, and show it the (N, H, W, C) uint8 held-out images."""
        self.extract = Extractor(extractor, parameters.batch_size)
        self._num_neighbours = parameters.num_neighbours
        self.held_out: FeatureSet = self.extract(held_out_images)

    def score(self, seen: FeatureSet, num_classes: int) -> dict[str, float]:
        """Scores of images as the extractor sees them, see `ganflow.metrics.report.score`."""
        return score(self.held_out, seen, num_classes, self._num_neighbours)


def num_scored(parameters: EvaluationParameters, num_train: int) -> int:
    """How many generated images are scored: no more than there are training images, which are scored beside them."""
    return min(parameters.num_samples, num_train)
