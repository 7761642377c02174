"""Which run this is, and where it goes on."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ganflow.errors import CheckpointError
from ganflow.records import BestStep

logger = logging.getLogger(__name__)

Checkpoints = Mapping[int, Callable[[], dict[str, Any]]]
"""{step: function that loads {"arrays": …, "metadata": …}}, of one run."""


def run_id(identity: dict[str, Any]) -> str:
    """Name for everything that decides a run's weights: the first 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Start:
    """Where training begins: the arrays of a state, None for fresh weights; or nowhere, since all steps are done."""

    arrays: dict[str, np.ndarray] | None
    is_finished: bool = False

    @property
    def step(self) -> int:
        """Steps that have been taken already."""
        return int(self.arrays["step"]) if self.arrays is not None else 0


def choose_start(checkpoints: Checkpoints, resume: str, num_steps: int, run: str) -> Start:
    """Decide between continuing, starting anew and having nothing to do, and say which.

    Args:
        checkpoints: of this run, possibly none.
        resume: `auto`, `required` or `never`.
        num_steps: wanted in all.
        run: its identity.

    Raises:
        CheckpointError: if `required` finds nothing; if the newest checkpoint is damaged or beyond `num_steps`.
    """
    if resume == "never" or not checkpoints:
        if resume == "required":
            raise CheckpointError(
                f"training.resume is 'required', but run {run} has no checkpoint. Either data, networks or training parameters differ "
                "from the run you mean, or it never reached its first checkpoint. Restore its settings, or set training.resume=auto."
            )
        logger.info("Run %s starts anew%s.", run, " because training.resume is 'never'" if checkpoints else "")
        return Start(None)
    newest = max(checkpoints)
    if newest > num_steps:
        raise CheckpointError(
            f"Run {run} has been trained for {newest} steps, more than the {num_steps} asked for. "
            f"Set training.num_steps to at least {newest}, or training.resume=never to train it again."
        )
    if newest == num_steps:
        logger.info("Run %s has done all of its %d steps already. Set training.resume=never to train it again.", run, num_steps)
        return Start(None, is_finished=True)
    logger.info("Run %s continues from its checkpoint at step %d of %d.", run, newest, num_steps)
    return Start(load_state(checkpoints, newest, run))


def check_complete(checkpoints: Checkpoints, num_steps: int, run: str) -> None:
    """Raise CheckpointError if training is not complete."""
    if num_steps not in checkpoints:
        reached = max(checkpoints, default=0)
        raise CheckpointError(
            f"Training of run {run} has reached step {reached} of {num_steps}. Finish it with: kedro run --pipelines training"
        )


def choose_best(history: pd.DataFrame, run: str) -> BestStep:
    """The best step, see `Best`, among those that were scored in the features of the extractor that was used last.

    Args:
        history: of the run, with a kernel distance at the steps that were scored, and the extractor.
        run: its identity.

    Raises:
        CheckpointError: if no step was scored.
    """
    scored = history[history["kernel_distance"].notna()] if "kernel_distance" in history else history[:0]
    if scored.empty:
        raise CheckpointError(
            f"No step of run {run} has a score, so none can be called the best. Train it anew with training.resume=never."
        )
    scored = scored[scored["extractor"] == scored["extractor"].iloc[-1]]
    best = Best()
    for row in scored.to_dict(orient="records"):
        best.take(int(row["step"]), row["kernel_distance"], row["kernel_distance_standard_error"])
    chosen = scored[scored["step"] == best.step].iloc[0]
    distance, error = float(chosen["kernel_distance"]), float(chosen["kernel_distance_standard_error"])
    why = (
        f"the newest of {len(scored)} scored steps whose kernel distance to training images, {distance:.4g} ± {error:.2g}, is within a "
        f"standard error of the lowest, {best.lowest:.4g}"
    )
    return {"step": best.step, "kernel_distance": distance, "extractor": str(chosen["extractor"]), "chosen": why}


@dataclass
class Best:
    """The best step so far: the newest whose kernel distance is at most a standard error above the lowest.

    Scores that near cannot be told apart, and of two generators that the score cannot tell apart, the one that was trained for longer is
    better (docs/decisions/0006-best-not-last.md).

    Attributes:
        step: the best one; -1 if none was scored.
        lowest: kernel distance, whichever step has it.
        error: its standard error.
    """

    step: int = -1
    lowest: float = math.inf
    error: float = 0.0

    def take(self, step: int, distance: float, error: float) -> None:
        """Take in the next score; NaN is none."""
        if distance < self.lowest:
            self.lowest, self.error = distance, error if math.isfinite(error) else 0.0
        if distance <= self.lowest + self.error:
            self.step = step


def load_state(checkpoints: Checkpoints, step: int, run: str) -> dict[str, np.ndarray]:
    """Load one checkpoint and make sure that it is what its place says.

    Raises:
        CheckpointError: if it is not there, or belongs to another run or step.
    """
    if step not in checkpoints:
        raise CheckpointError(
            f"The checkpoint at step {step} of run {run} is not there; there are {sorted(checkpoints)}. "
            "Put it back, or train anew with training.resume=never."
        )
    checkpoint = checkpoints[step]()
    expected = {"run_id": run, "step": step}
    if checkpoint["metadata"] != expected:
        raise CheckpointError(
            f"The checkpoint at step {step} of run {run} says of itself {checkpoint['metadata']}; expected {expected}. "
            "It was moved or renamed: remove it, or train anew with training.resume=never."
        )
    arrays: dict[str, np.ndarray] = checkpoint["arrays"]
    return arrays
