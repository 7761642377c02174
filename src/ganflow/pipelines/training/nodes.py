"""Nodes that train, with every interval streamed through the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ganflow.config.health import HealthParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.fingerprint import check_fingerprint
from ganflow.errors import CollapseError, DivergenceError
from ganflow.reporting.sheets import tile

if TYPE_CHECKING:
    from ganflow.doctor.findings import Finding

# saved in this order, so that a checkpoint is never ahead of the records that lead to it
STREAMED = ("training_history", "training_sheets", "diagnosis", "best_checkpoints", "checkpoints")

Series = dict[str, dict[int, Callable[[], Any]]]
"""{run id: {step: function that loads what was saved at that step}}."""


def identify_run(
    images: np.ndarray,
    data_fingerprint: dict[str, Any],
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    initial_state: dict[str, Any],
    parameters: TrainingParameters,
) -> dict[str, Any]:
    """Name the run after what decides its weights: data, architectures, training parameters, and what it starts from if not anew."""
    from ganflow.runtime.devices import settle
    from ganflow.training.identity import run_id
    from ganflow.training.loop import check_batch_size

    check_fingerprint(images, data_fingerprint)
    check_batch_size(images, parameters)
    settled = settle(parameters)
    identity = {
        "data": data_fingerprint["sha256"],
        "generator": generator,
        "discriminator": discriminator,
        "training": settled.identity(),
    }
    if initial_state:
        identity["initial_state"] = initial_state["metadata"]
    return {"run_id": run_id(identity), "data": data_fingerprint, "training": settled.model_dump(mode="json")}


def measure_real_images(
    images: np.ndarray, feature_extractor: dict[str, Any], data_fingerprint: dict[str, Any], health: HealthParameters
) -> dict[str, Any]:
    """Measure on training images what a run's own images are going to be compared with."""
    from ganflow.doctor import watch

    return watch.measure_real_images(images, feature_extractor, data_fingerprint["num_classes"], health)


def train_gan(
    images: np.ndarray,
    generator: dict[str, Any],
    discriminator: dict[str, Any],
    training_run: dict[str, Any],
    earlier_checkpoints: Series,
    earlier_history: dict[str, pd.DataFrame],
    initial_state: dict[str, Any],
    real_images: dict[str, Any],
    parameters: TrainingParameters,
    health: HealthParameters,
) -> Iterator[dict[str, Any]]:
    """Train both networks, from the newest checkpoint of this run if there is one to continue, under the eyes of the doctor."""
    from ganflow.doctor.watch import Watch
    from ganflow.runtime.devices import settle
    from ganflow.runtime.distribution import build_strategy, chief_decides, explained_loss
    from ganflow.training.agreement import agree_on_start, check_same_run
    from ganflow.training.identity import choose_start
    from ganflow.training.loop import train
    from ganflow.training.state import average_arrays

    run_id = training_run["run_id"]
    strategy = build_strategy(settle(parameters).distribution)
    earlier = earlier_checkpoints.get(run_id, {})
    with explained_loss(strategy):
        check_same_run(strategy, run_id)
        start = agree_on_start(strategy, lambda: choose_start(earlier, parameters.resume, parameters.num_steps, run_id))
        # health is no part of the run's identity, so workers may differ in it
        stops = chief_decides(strategy, health.on_collapse == "stop")
    if start.is_finished and not stops:
        yield chunk()
        return
    rows = _rows_until(parameters.num_steps if start.is_finished else start.step, earlier_history.get(run_id))
    watch = Watch(generator, discriminator, real_images, parameters, health, rows)

    def stop_if_failing(findings: list[Finding]) -> None:
        with explained_loss(strategy, watch.step):
            shall_stop = stops and chief_decides(strategy, bool(findings))
        if shall_stop and not findings:
            raise CollapseError("Stopped by the chief, whose health.on_collapse is 'stop'; its output says why.")
        if shall_stop:
            raise CollapseError(
                f"Stopped at step {watch.step}, which is saved, because health.on_collapse is 'stop'. {findings[0]} "
                f"Everything found is in the diagnosis of run {run_id}. To train on regardless, set health.on_collapse=warn."
            )

    # a run that was stopped does not train on because it is started again
    stop_if_failing(watch.doctor.serious() if rows else [])
    if start.is_finished:
        yield chunk()
        return
    try:
        for report in train(images, generator, discriminator, parameters, start.arrays, initial_state.get("arrays")):
            sheets = {run_id: {report.step: tile(report.samples, parameters.sheet_columns)}}
            checkpoints = {run_id: {report.step: _checkpoint(run_id, report.step, report.arrays)}}
            best = {run_id: {report.step: _checkpoint(run_id, report.step, average_arrays(report.arrays))}}
            if report.history is None:
                # a beginning: first the checkpoint, which ends what the run was before, then its records, so that none is lost without it
                yield chunk(checkpoints=checkpoints)
                no_rows = {run_id: pd.DataFrame(columns=["step"])}
                diagnosis = {run_id: watch.doctor.diagnosis()}
                yield chunk(training_history=no_rows, training_sheets=sheets, diagnosis=diagnosis, best_checkpoints=best)
                continue
            history = {run_id: pd.DataFrame([watch.observe(report.history, report.samples, report.arrays)])}
            # later on the checkpoint comes last: whatever it covers is on disk before it
            yield chunk(
                training_history=history,
                training_sheets=sheets,
                diagnosis={run_id: watch.doctor.diagnosis()},
                best_checkpoints=best if watch.is_best() else {},
                checkpoints=checkpoints,
            )
            stop_if_failing(watch.doctor.serious())
    except DivergenceError as error:
        watch.doctor.diverged(str(error))
        yield chunk(diagnosis={run_id: watch.doctor.diagnosis()})
        raise


def chunk(**outputs: dict[str, Any]) -> dict[str, Any]:
    """One chunk of the stream: every output has to be there, {} where there is nothing to save. A generator node has to yield one."""
    return {name: outputs.get(name, {}) for name in STREAMED}


def _checkpoint(run_id: str, step: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {"arrays": arrays, "metadata": {"run_id": run_id, "step": step}}


def _rows_until(step: int, history: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows of history that a state of this step has behind it."""
    # a table of other columns is refused where the next row is appended
    if history is None or "kernel_distance" not in history:
        return []
    return [dict(zip(history.columns, row, strict=True)) for row in history[history["step"] <= step].itertuples(index=False)]


def export_generator(
    checkpoints: Series,
    best_checkpoints: Series,
    training_history: dict[str, pd.DataFrame],
    training_run: dict[str, Any],
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
    record = training_run | best | {"trained_steps": parameters.num_steps, "sha256": hash_weights(model)}
    return {"generator_record": record, "generator": model}
