"""Scores of what a generator draws, in the features of one extractor, against held-out images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ganflow.config.evaluation import EvaluationParameters
from ganflow.features.extractor import Extractor
from ganflow.features.stored import FeatureExtractor, part_of_frames
from ganflow.metrics.motion import measure_motion
from ganflow.metrics.report import FeatureSet, score


class Scorer:
    """Scores sets of images or clips, with an extractor that is compiled once and held-out ones that it sees once.

    Attributes:
        held_out: the held-out images, as the extractor sees them.
    """

    def __init__(self, extractor: FeatureExtractor, held_out_images: np.ndarray, parameters: EvaluationParameters) -> None:
        """Compile the extractor, and show it the (N, H, W, C) uint8 held-out images, or (N, T, H, W, C) clips."""
        self._extract = Extractor(extractor, parameters.batch_size)
        of_frames = part_of_frames(extractor)
        self._extract_frames = None if of_frames is None else Extractor(of_frames, parameters.batch_size)
        self._num_neighbours = parameters.num_neighbours
        self.held_out: FeatureSet = self.extract(held_out_images)

    def extract(self, images: np.ndarray) -> FeatureSet:
        """What the extractor sees in (N, H, W, C) uint8 images, or in (N, T, H, W, C) clips, their frames and their motion."""
        seen = self._extract(images)
        if self._extract_frames is None:
            return seen
        num, length = images.shape[:2]
        frames = self._extract_frames(images.reshape(-1, *images.shape[2:]))
        # one of each, at every time in turn: frames of one clip are too much alike to count as several
        some = frames.features.reshape(num, length, -1)[np.arange(num), np.arange(num) % length]
        labels = None if frames.labels is None else frames.labels.reshape(num, length)
        return replace(seen, frames=some, motion=replace(measure_motion(images), frame_labels=labels))

    def score(self, seen: FeatureSet, num_classes: int) -> dict[str, float]:
        """Scores of images as the extractor sees them, see `ganflow.metrics.report.score`."""
        return score(self.held_out, seen, num_classes, self._num_neighbours)


def num_scored(parameters: EvaluationParameters, num_train: int) -> int:
    """How many generated images are scored: no more than there are training images, which are scored beside them."""
    return min(parameters.num_samples, num_train)
