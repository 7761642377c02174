"""Looks at a run at every interval: what its images are like, how they score, and what the doctor says about them."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import numpy as np

from ganflow.config.health import HealthParameters
from ganflow.config.training import TrainingParameters
from ganflow.doctor.advice import examine_settings
from ganflow.doctor.doctor import Doctor
from ganflow.doctor.findings import Finding
from ganflow.doctor.real import RealImages
from ganflow.features.extractor import Extractor
from ganflow.features.stored import FeatureExtractor, name_extractor
from ganflow.metrics.classes import agreement, num_classes_reached
from ganflow.metrics.images import image_statistics, nearest_distances
from ganflow.metrics.kernel import kernel_distance
from ganflow.metrics.motion import measure_motion
from ganflow.metrics.report import FeatureSet
from ganflow.networks import Architecture, instantiate, normalises_batches
from ganflow.networks.conditional import labels_of
from ganflow.runtime.seeds import named_random
from ganflow.sampling.images import compile_generator, sample_inputs
from ganflow.training.identity import Best
from ganflow.training.state import assign_average

logger = logging.getLogger(__name__)

SCORES = ("kernel_distance", "kernel_distance_standard_error", "num_classes_reached", "nearest_distance", "sample_distance")

CLASS_SCORES = ("lowest_asked_share", "lowest_asked_class", "lowest_class_spread", "narrowest_class")
"""Of conditional generators: the share of the images asked of a class that are of it, where it is lowest, and of which class that is; and
the median distance of a class's images to their nearest neighbour among themselves, as a share of that of real images."""

_NUM_COMPARED = 200
"""For how many images the nearest training image is looked for."""

_FEWEST_OF_A_CLASS = 8
_NO_DISTANCE = 1e-6

_MOST_CANDIDATES, _MOST_CANDIDATE_CLIPS = 10_000, 2_500
"""Among how many training images it is looked for, at most; and among how many clips, each of which takes as long as several images."""


def look_at_real_images(images: np.ndarray, extractor: FeatureExtractor, num_classes: int, health: HealthParameters) -> RealImages:
    """What a run is compared with: training images, their features, and the row of history that they would make.

    The held-out images are left to the report, so that they play no part in choosing the generator that they judge.
    """
    most = _MOST_CANDIDATES if images.ndim == 4 else _MOST_CANDIDATE_CLIPS
    chosen = _choose(len(images), max(health.num_samples, most), health, "neighbours")
    neighbours = np.asarray(images[chosen])
    real = neighbours[_choose(len(neighbours), health.num_samples, health, "real images in a score")]
    some = _choose(len(neighbours), _NUM_COMPARED, health, "images whose neighbours are looked for")
    seen = Extractor(extractor, health.batch_size)(real)
    # a copy is recognised only if its original is among the neighbours; of such copies, half lie below this quantile
    quantile = 0.5 * len(neighbours) / len(images)
    row = _sheet_columns(real) | {
        # counted in real images too: a class that hardly occurs there is not missed in generated ones
        "num_classes_reached": _num_classes_reached(seen, num_classes),
        "nearest_distance": float(np.quantile(nearest_distances(neighbours[some], neighbours, some), quantile)),
        "sample_distance": _sample_distance(real),
        "brightest": float(real.max()) / 255,
    }
    return {
        "row": row,
        "num_classes": num_classes,
        "features": seen.features,
        "neighbours": neighbours,
        "quantile": quantile,
        "extractor": extractor,
        "images": real,
        "labels": seen.labels,
    }


def _choose(num: int, most: int, health: HealthParameters, use: str) -> np.ndarray:
    """Numbers of at most `most` of `num` images, in ascending order."""
    return np.sort(named_random(health.seed, use).choice(num, min(num, most), replace=False))


def _num_classes_reached(seen: FeatureSet, num_classes: int) -> float:
    """Classes that make up a real part of the images; NaN where the extractor names none."""
    return np.nan if seen.labels is None else float(num_classes_reached(seen.labels, num_classes))


def _sample_distance(images: np.ndarray) -> float:
    """Median distance of images to their nearest neighbour among themselves."""
    some = np.arange(min(len(images), _NUM_COMPARED))
    return float(np.median(nearest_distances(images[some], images, some)))


class Watch:
    """Looks at every report of one run, in order.

    Attributes:
        doctor: who has seen all of them.
        step: of the newest row; 0 before the first.
    """

    def __init__(
        self,
        generator: Architecture,
        discriminator: Architecture,
        real: RealImages,
        parameters: TrainingParameters,
        health: HealthParameters,
        earlier: list[dict[str, Any]],
    ) -> None:
        """Begin, or go on after the `earlier` rows of the run's history.

        Args:
            generator: architecture.
            discriminator: architecture.
            real: from `look_at_real_images`.
            parameters: of training.
            health: what is watched.
            earlier: rows, by step; none for a run that begins.
        """
        self._real, self._health, self._num_steps = real, health, parameters.num_steps
        self._generator = instantiate(generator)
        self._draw = compile_generator(self._generator, health.batch_size)
        self._inputs = sample_inputs(self._generator, health.num_samples, health.seed)
        self._scores = SCORES if labels_of(self._inputs) is None else (*SCORES, *CLASS_SCORES)
        self._extract = Extractor(real["extractor"], health.batch_size)
        self._extractor = name_extractor(real["extractor"])
        self.step, self._best = 0, Best()
        self.doctor = Doctor(real["row"], parameters, health, normalises_batches(discriminator))
        self._report(self.doctor.advise(examine_settings(generator, discriminator, parameters, real["row"])), is_news=not earlier)
        for row in earlier:
            self._take(row, is_news=False)

    def observe(self, history: dict[str, Any], sheet: np.ndarray, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Complete an interval's row of history, and let the doctor read it.

        Args:
            history: what training itself has measured.
            sheet: (N, H, W, C) uint8, or clips (N, T, H, W, C), the samples of this step.
            arrays: the state.

        Returns:
            The row, with statistics of the sheet, scores (NaN between scored steps), the extractor in whose features they are, and the
            best step so far.
        """
        step, every = history["step"], self._health.score_every
        is_due = step // every > self.step // every or step >= self._num_steps
        scores = self._score(arrays) if is_due else dict.fromkeys(self._scores, np.nan)
        row = history | _sheet_columns(sheet) | scores | {"extractor": self._extractor}
        self._take(row, is_news=True)
        return row | {"best_step": self._best.step if self._best.step >= 0 else np.nan}

    def is_best(self) -> bool:
        """Whether the newest row has the best score so far."""
        return self._best.step == self.step

    def _take(self, row: dict[str, Any], is_news: bool) -> None:
        self.step = int(row["step"])
        if row["extractor"] != self._extractor:
            # scores in other features cannot be compared with those to come
            row = row | dict.fromkeys(self._scores, np.nan)
        self._best.take(self.step, row["kernel_distance"], row["kernel_distance_standard_error"])
        self._report(self.doctor.observe(row), is_news)

    def _score(self, arrays: dict[str, np.ndarray]) -> dict[str, float]:
        assign_average(self._generator, arrays)
        images = self._draw(self._inputs)
        seen = self._extract(images)
        distance = kernel_distance(self._real["features"], seen.features)
        nearest = np.quantile(nearest_distances(images[:_NUM_COMPARED], self._real["neighbours"]), self._real["quantile"])
        values = (
            distance.value,
            distance.standard_error,
            _num_classes_reached(seen, self._real["num_classes"]),
            float(nearest),
            # as many as there are real images, since the more images there are, the nearer their neighbours are
            _sample_distance(images[: len(self._real["features"])]),
        )
        return dict(zip(SCORES, values, strict=True)) | self._class_scores(images, seen)

    def _class_scores(self, images: np.ndarray, seen: FeatureSet) -> dict[str, float]:
        asked, real_labels = labels_of(self._inputs), self._real["labels"]
        if asked is None:
            return {}
        if seen.labels is None or real_labels is None:
            return dict.fromkeys(CLASS_SCORES, np.nan)
        num_classes = self._real["num_classes"]
        shares = agreement(asked, seen.labels, num_classes)
        spreads = np.array([_spread_ratio(images[asked == own], self._real["images"][real_labels == own]) for own in range(num_classes)])
        found = [value for lowest in (shares, spreads) for value in _lowest(lowest)]
        return dict(zip(CLASS_SCORES, found, strict=True))

    @staticmethod
    def _report(findings: list[Finding], is_news: bool) -> None:
        if is_news:
            for finding in findings:
                logger.log(logging.WARNING if finding.severity == "serious" else logging.INFO, "%s", finding)


def _spread_ratio(images: np.ndarray, real: np.ndarray) -> float:
    """How far images lie apart, as a share of real ones, as many of both; NaN for too few."""
    num = min(len(images), len(real))
    if num < _FEWEST_OF_A_CLASS:
        return np.nan
    return _sample_distance(images[:num]) / max(_sample_distance(real[:num]), _NO_DISTANCE)


def _lowest(values: np.ndarray) -> tuple[float, float]:
    """The lowest value and its number; NaN for both if there is none."""
    return (np.nan, np.nan) if np.isnan(values).all() else (float(np.nanmin(values)), float(np.nanargmin(values)))


def _sheet_columns(images: np.ndarray) -> dict[str, float]:
    columns = {f"sheet_{name}": value for name, value in asdict(image_statistics(images)).items()}
    if images.ndim == 4:
        return columns
    motion = measure_motion(images)
    return columns | {"sheet_motion": motion.energy, "sheet_flicker": motion.flicker}
