"""One run from where it starts to its last step: what it continues from, who watches it, in which order it is saved, what stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.data.images import ImageSet
from ganflow.errors import CollapseError, DivergenceError
from ganflow.networks import Architecture
from ganflow.reporting.sheets import tile
from ganflow.runtime.devices import settle
from ganflow.runtime.distribution import build_strategy, chief_decides, lost_worker_errors
from ganflow.training.agreement import agree_on_start, check_same_run
from ganflow.training.identity import Checkpoints, Start, choose_start
from ganflow.training.loop import Report, train
from ganflow.training.state import average_arrays
from ganflow.training.streams import Chunk, chunk

Rows = list[dict[str, Any]]
"""Rows of a run's history, by step."""


class Doctor(Protocol):
    """Who has seen every row of a run."""

    def serious(self) -> Sequence[object]:
        """What is seriously wrong now; `str` of each is a line for a person."""

    def diagnosis(self) -> dict[str, Any]:
        """Everything found so far, as plain values."""

    def diverged(self, message: str) -> None:
        """Note that training has ended in numbers that are not finite."""


class Watcher(Protocol):
    """Who looks at a run after every interval.

    Attributes:
        doctor: of the run.
        step: of the newest row; 0 before the first.
    """

    step: int

    @property
    def doctor(self) -> Doctor:
        """Of the run."""

    def observe(self, history: dict[str, Any], sheet: np.ndarray, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Complete an interval's row of history."""

    def is_best(self) -> bool:
        """Whether the newest row has the best score so far."""


@dataclass(frozen=True)
class Session:
    """One run.

    Attributes:
        run_id: name of everything that decides its weights.
        images: to train on.
        generator: architecture.
        discriminator: architecture.
        parameters: of training.
        watch: function that begins to watch, after these earlier rows of the run's history.
        stops_on_findings: whether a serious finding stops the run, once what it has reached is saved. Of several workers, the chief's
            counts.
        initial_networks: to start anew with, see `train`; None for fresh weights.
    """

    run_id: str
    images: ImageSet
    generator: Architecture
    discriminator: Architecture
    parameters: TrainingParameters
    watch: Callable[[Rows], Watcher]
    stops_on_findings: bool = False
    initial_networks: dict[str, np.ndarray] | None = None

    def run(self, checkpoints: Checkpoints, history: pd.DataFrame | None) -> Iterator[Chunk]:
        """Train from the newest checkpoint, if there is one to continue; yield what has to be saved, in order.

        Args:
            checkpoints: of this run, possibly none.
            history: of this run, None if there is none.

        Raises:
            CheckpointError: if the checkpoints do not fit `training.resume`.
            CollapseError: if findings stop the run.
            DivergenceError: see `train`, which raises more.
        """
        strategy = build_strategy(settle(self.parameters).distribution)
        start, stops = self._agree(strategy, checkpoints)
        if start.is_finished and not stops:
            yield chunk()
            return
        rows = rows_until(self.parameters.num_steps if start.is_finished else start.step, history)
        watcher = self.watch(rows)
        # a run that was stopped does not train on because it is started again
        self._stop_if_failing(strategy, watcher, stops, watcher.doctor.serious() if rows else [])
        if start.is_finished:
            yield chunk()
            return
        try:
            for report in train(self.images, self.generator, self.discriminator, self.parameters, start.arrays, self.initial_networks):
                if report.history is None:
                    yield from self._save_beginning(report, watcher)
                else:
                    yield self._save_interval(report, report.history, watcher)
                    self._stop_if_failing(strategy, watcher, stops, watcher.doctor.serious())
        except DivergenceError as error:
            watcher.doctor.diverged(str(error))
            yield chunk(diagnosis={self.run_id: watcher.doctor.diagnosis()})
            raise

    def _agree(self, strategy: tf.distribute.Strategy, checkpoints: Checkpoints) -> tuple[Start, bool]:
        """Where all workers start, and whether findings stop them."""
        parameters = self.parameters
        with lost_worker_errors(strategy):
            check_same_run(strategy, self.run_id)
            start = agree_on_start(strategy, lambda: choose_start(checkpoints, parameters.resume, parameters.num_steps, self.run_id))
            # it is no part of the run's identity, so workers may differ in it
            return start, chief_decides(strategy, self.stops_on_findings)

    def _stop_if_failing(self, strategy: tf.distribute.Strategy, watcher: Watcher, stops: bool, findings: Sequence[object]) -> None:
        with lost_worker_errors(strategy, watcher.step):
            shall_stop = stops and chief_decides(strategy, bool(findings))
        if shall_stop and not findings:
            raise CollapseError("Stopped by the chief, whose health.on_collapse is 'stop'; its output says why.")
        if shall_stop:
            raise CollapseError(
                f"Stopped at step {watcher.step}, which is saved, because health.on_collapse is 'stop'. {findings[0]} "
                f"Everything found is in the diagnosis of run {self.run_id}. To train on regardless, set health.on_collapse=warn."
            )

    def _save_beginning(self, report: Report, watcher: Watcher) -> Iterator[Chunk]:
        """First the checkpoint, which ends what the run was before, then its records, so that none is lost without it."""
        yield chunk(checkpoints=self._checkpoint(report.step, report.arrays))
        yield chunk(
            training_history={self.run_id: pd.DataFrame(columns=["step"])},
            training_sheets=self._sheet(report),
            diagnosis={self.run_id: watcher.doctor.diagnosis()},
            best_checkpoints=self._checkpoint(report.step, average_arrays(report.arrays)),
        )

    def _save_interval(self, report: Report, history: dict[str, Any], watcher: Watcher) -> Chunk:
        """The checkpoint comes last: whatever it covers is on disk before it."""
        row = watcher.observe(history, report.samples, report.arrays)
        return chunk(
            training_history={self.run_id: pd.DataFrame([row])},
            training_sheets=self._sheet(report),
            diagnosis={self.run_id: watcher.doctor.diagnosis()},
            best_checkpoints=self._checkpoint(report.step, average_arrays(report.arrays)) if watcher.is_best() else {},
            checkpoints=self._checkpoint(report.step, report.arrays),
        )

    def _sheet(self, report: Report) -> dict[str, Any]:
        return {self.run_id: {report.step: tile(report.samples, self.parameters.sheet_columns)}}

    def _checkpoint(self, step: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        return {self.run_id: {step: {"arrays": arrays, "metadata": {"run_id": self.run_id, "step": step}}}}


def rows_until(step: int, history: pd.DataFrame | None) -> Rows:
    """Rows of history that a state of this step has behind it."""
    # a table of other columns is refused where the next row is appended
    if history is None or "kernel_distance" not in history:
        return []
    return [dict(zip(history.columns, row, strict=True)) for row in history[history["step"] <= step].itertuples(index=False)]
