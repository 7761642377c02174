"""Nodes that train, with every interval streamed through the catalog."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ganflow.config.health import HealthParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.fingerprint import Fingerprint, check_fingerprint
from ganflow.data.images import ImageSet
from ganflow.data.splits import image_digests
from ganflow.doctor.real import RealImages
from ganflow.features.stored import FeatureExtractor
from ganflow.records import GeneratorRecord, RunRecord
from ganflow.training.streams import Series

logger = logging.getLogger(__name__)


def check_batch(data_fingerprint: Fingerprint, parameters: TrainingParameters) -> None:
    """Refuse a batch that is larger than the set, before an extractor is made of it."""
    from ganflow.training.loop import check_batch_size

    check_batch_size(data_fingerprint["num_train"], parameters)


def identify_run(
    images: ImageSet,
    data_fingerprint: Fingerprint,
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    initial_state: dict[str, Any],
    parameters: TrainingParameters,
) -> RunRecord:
    """Name the run after what decides its weights: data, architectures, training parameters, and what it starts from if not anew."""
    from ganflow.runtime.devices import settle
    from ganflow.training.draws import SCHEME
    from ganflow.training.identity import run_id

    check_fingerprint(images.images, data_fingerprint)
    settled = settle(parameters)
    identity = {
        "data": data_fingerprint["sha256"],
        "generator": generator,
        "discriminator": discriminator,
        "training": settled.identity(),
        "draws": SCHEME,
    }
    if initial_state:
        identity["initial_state"] = initial_state["metadata"]
    return {"run_id": run_id(identity), "data": data_fingerprint, "training": settled.model_dump(mode="json")}


def keep_digests(training_run: RunRecord, train: ImageSet, held_out: ImageSet) -> dict[str, dict[int, dict[str, Any]]]:
    """Note which images a run is trained on, by a hash of each, so that a later one can tell what has changed."""
    digests = {"train": image_digests(train.images), "held_out": image_digests(held_out.images)}
    return {training_run["run_id"]: {0: {"arrays": digests, "metadata": {}}}}


def measure_real_images(
    images: ImageSet, feature_extractor: FeatureExtractor, data_fingerprint: Fingerprint, health: HealthParameters
) -> RealImages:
    """Measure on training images what a run's own images are going to be compared with."""
    from ganflow.doctor.watch import look_at_real_images

    return look_at_real_images(images.images, feature_extractor, len(data_fingerprint["class_names"]), health)


def train_gan(
    images: ImageSet,
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    training_run: RunRecord,
    earlier_checkpoints: Series,
    earlier_history: dict[str, pd.DataFrame],
    initial_state: dict[str, Any],
    real_images: RealImages,
    parameters: TrainingParameters,
    health: HealthParameters,
) -> Iterator[dict[str, Any]]:
    """Train both networks, from the newest checkpoint of this run if there is one to continue, under the eyes of the doctor."""
    from ganflow.doctor.watch import Watch
    from ganflow.training.estimate import estimate, foretell
    from ganflow.training.session import Rows, Session

    def watch(earlier: Rows) -> Watch:
        return Watch(generator, discriminator, real_images, parameters, health, earlier)

    run_id, stops = training_run["run_id"], health.on_collapse == "stop"
    if not earlier_checkpoints.get(run_id):
        foreseen = estimate(generator, discriminator, parameters)
        logger.info("%s", foretell(foreseen, parameters.num_steps, shutil.disk_usage(Path.cwd()).free))
    session = Session(run_id, images, generator, discriminator, parameters, watch, stops, initial_state.get("arrays"))
    yield from session.run(earlier_checkpoints.get(run_id, {}), earlier_history.get(run_id))


def export_generator(
    checkpoints: Series,
    best_checkpoints: Series,
    training_history: dict[str, pd.DataFrame],
    training_run: RunRecord,
    generator: dict[str, Any],
    parameters: TrainingParameters,
) -> dict[str, Any]:
    """Turn the best checkpoint into a generator for use, if the training that it belongs to is complete."""
    from ganflow.networks import hash_weights
    from ganflow.training.identity import check_complete, choose_best, load_state
    from ganflow.training.state import average_generator

    run_id = training_run["run_id"]
    check_complete(checkpoints.get(run_id, {}), parameters.num_steps, run_id)
    best = choose_best(training_history[run_id], run_id)
    model = average_generator(generator, load_state(best_checkpoints.get(run_id, {}), best["step"], run_id))
    record: GeneratorRecord = {**training_run, **best, "trained_steps": parameters.num_steps, "sha256": hash_weights(model)}
    return {"generator_record": record, "generator": model}
