"""The trial of a challenger and the champion: same held-out images, same features, same draws of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from ganflow.champion.gate import Contestant, Trial
from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.images import evenly
from ganflow.features.stored import FeatureExtractor, name_extractor
from ganflow.metrics.classes import agreement
from ganflow.metrics.images import nearest_distances
from ganflow.metrics.report import score_key
from ganflow.networks.conditional import labels_of
from ganflow.sampling.images import compile_generator, sample_inputs
from ganflow.scoring import Scorer, num_scored

SCORES = ("kernel_distance", "coverage", "recall", "precision", "density", "num_classes_reached", "frechet_distance")

_NUM_COMPARED = 500
"""Images whose nearest training image is looked for."""


@dataclass(frozen=True, eq=False)
class Contest:
    """What generators are scored with, the same for all of them.

    Attributes:
        feature_extractor: in whose features they are scored.
        train_images: (N, H, W, C) uint8; a generator must not copy them.
        held_out_images: (M, H, W, C) uint8, which they are scored against.
        num_left_out: held-out images that are not among them, since the champion was trained on them.
        fingerprint: of the data.
        parameters: number and seed of the draws.
        evaluation: how a draw is scored.
    """

    feature_extractor: FeatureExtractor
    train_images: np.ndarray
    held_out_images: np.ndarray
    num_left_out: int
    fingerprint: Fingerprint
    parameters: RetrainingParameters
    evaluation: EvaluationParameters

    def hold(self, challenger: keras.Model, champion: keras.Model | None, champion_classes: Sequence[str] | None = None) -> Trial:
        """Score both.

        Args:
            challenger: trained on the data at hand.
            champion: None if there is none.
            champion_classes: names of the classes that it was trained on, whose numbers may be others today; None for today's.
        """
        names = self.fingerprint["class_names"]
        scorer = Scorer(self.feature_extractor, self.held_out_images, self.evaluation)
        trial: Trial = {
            "num_samples": self._num_samples,
            "extractor": name_extractor(self.feature_extractor),
            "num_classes": self._num_classes,
            "num_held_out": len(self.held_out_images),
            "num_left_out": self.num_left_out,
            "held_out_distance": self._nearest_distance(self.held_out_images),
            "challenger": self._score(challenger, scorer, names),
        }
        if champion is not None:
            trial["champion"] = self._score(champion, scorer, names if champion_classes is None else champion_classes)
        return trial

    @property
    def _num_samples(self) -> int:
        return num_scored(self.evaluation, self.fingerprint["num_train"])

    @property
    def _num_classes(self) -> int:
        return len(self.fingerprint["class_names"])

    def _score(self, generator: keras.Model, scorer: Scorer, class_names: Sequence[str]) -> Contestant:
        """Scores of every draw, and the distance to training images of the last one; `class_names` are those that the generator knows."""
        generate = compile_generator(generator, self.evaluation.batch_size)
        scores: dict[str, list[float]] = {}
        shares: dict[str, list[float]] = {}
        for draw in range(self.parameters.num_draws):
            inputs = sample_inputs(generator, self._num_samples, self.parameters.seed + draw)
            images, asked = generate(inputs), labels_of(inputs)
            seen = scorer.extract(images)
            found = scorer.score(seen, self._num_classes)
            for name in SCORES:
                # those about classes are not there where the extractor names none
                if (key := score_key(name, self._num_samples)) in found:
                    scores.setdefault(name, []).append(found[key])
            if asked is not None and seen.labels is not None:
                for name, share in self._class_shares(asked, seen.labels, class_names).items():
                    shares.setdefault(name, []).append(share)
        contestant: Contestant = {"scores": scores, "nearest_distance": self._nearest_distance(images)}
        return contestant | {"asked_class_shares": shares} if shares else contestant

    def _class_shares(self, asked: np.ndarray, drawn: np.ndarray, class_names: Sequence[str]) -> dict[str, float]:
        """Of every class of the data that was asked for, under the number that the generator knows it by, the share that is drawn."""
        names = self.fingerprint["class_names"]
        # what it knows and the data no longer have
        numbers = np.array([names.index(name) if name in names else len(names) for name in class_names])
        shares = agreement(numbers[asked], drawn, len(names))
        return {name: float(share) for name, share in zip(names, shares, strict=True) if not np.isnan(share)}

    def _nearest_distance(self, images: np.ndarray) -> float:
        """Median distance of some of the images to the nearest training image."""
        some = evenly(len(images), _NUM_COMPARED)
        return float(np.median(nearest_distances(images[some], self.train_images)))
