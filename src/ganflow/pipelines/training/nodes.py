"""Nodes that train, with every interval streamed through the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from ganflow.config import TrainingParameters
from ganflow.data.images import tile
from ganflow.data.splits import check_fingerprint

Series = dict[str, dict[int, Callable[[], Any]]]
"""{run id: {step: function that loads what was saved at that step}}."""


def identify_run(
    images: np.ndarray,
    data_fingerprint: dict[str, Any],
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    parameters: TrainingParameters,
) -> dict[str, Any]:
    """Name the run after what decides its weights: data, architectures and training parameters."""
    from ganflow.training.devices import settle
    from ganflow.training.identity import run_id
    from ganflow.training.trainer import check_batch_size

    check_fingerprint(images, data_fingerprint)
    check_batch_size(images, parameters)
    settled = settle(parameters)
    identity = {
        "data": data_fingerprint["sha256"],
        "generator": generator,
        "discriminator": discriminator,
        "training": settled.identity(),
    }
    return {"run_id": run_id(identity), "data": data_fingerprint, "training": settled.model_dump(mode="json")}


def train_gan(
    images: np.ndarray,
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    training_run: dict[str, Any],
    earlier_checkpoints: Series,
    parameters: TrainingParameters,
) -> Iterator[dict[str, Any]]:
    """Train both networks, from the newest checkpoint of this run if there is one to continue."""
    from ganflow.training.devices import settle
    from ganflow.training.distribution import agree_on_start, build_strategy, check_same_run, explained_loss
    from ganflow.training.identity import choose_start
    from ganflow.training.trainer import train

    run_id = training_run["run_id"]
    strategy = build_strategy(settle(parameters).distribution)
    earlier = earlier_checkpoints.get(run_id, {})
    with explained_loss(strategy):
        check_same_run(strategy, run_id)
        start = agree_on_start(strategy, lambda: choose_start(earlier, parameters.resume, parameters.num_steps, run_id))
    if start.is_finished:
        # a generator node has to yield once; nothing here is saved
        yield {"training_history": {}, "training_sheets": {}, "checkpoints": {}}
        return
    for report in train(images, generator, discriminator, parameters, start.arrays):
        sheets = {run_id: {report.step: tile(report.samples, parameters.sheet_columns)}}
        checkpoint = {"arrays": report.arrays, "metadata": {"run_id": run_id, "step": report.step}}
        checkpoints = {run_id: {report.step: checkpoint}}
        if report.history is None:
            # a beginning: first the checkpoint, which ends what the run was before, then its records, so that none is lost without it
            yield {"training_history": {}, "training_sheets": {}, "checkpoints": checkpoints}
            yield {"training_history": {run_id: pd.DataFrame(columns=["step"])}, "training_sheets": sheets, "checkpoints": {}}
            continue
        # later on the checkpoint comes last: whatever it covers is on disk before it
        history = {run_id: pd.DataFrame([report.history])}
        yield {"training_history": history, "training_sheets": sheets, "checkpoints": checkpoints}


def export_generator(
    checkpoints: Series, training_run: dict[str, Any], generator: dict[str, Any], parameters: TrainingParameters
) -> dict[str, Any]:
    """Turn the last checkpoint into a generator for use, if the training that it belongs to is complete."""
    from ganflow.networks import hash_weights
    from ganflow.training.identity import complete_state
    from ganflow.training.state import average_generator

    run_id = training_run["run_id"]
    arrays = complete_state(checkpoints.get(run_id, {}), parameters.num_steps, run_id)
    model = average_generator(generator, arrays)
    return {"generator_record": training_run | {"step": parameters.num_steps, "sha256": hash_weights(model)}, "generator": model}
