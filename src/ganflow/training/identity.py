"""Which run this is, and where it goes on."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganflow.errors import CheckpointError

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


def complete_state(checkpoints: Checkpoints, num_steps: int, run: str) -> dict[str, np.ndarray]:
    """Load the state after the last step.

    Raises:
        CheckpointError: if training is not complete.
    """
    if num_steps not in checkpoints:
        reached = max(checkpoints, default=0)
        raise CheckpointError(
            f"Training of run {run} has reached step {reached} of {num_steps}. Finish it with: kedro run --pipelines training"
        )
    return load_state(checkpoints, num_steps, run)


def load_state(checkpoints: Checkpoints, step: int, run: str) -> dict[str, np.ndarray]:
    """Load one checkpoint and make sure that it is what its place says.

    Raises:
        CheckpointError: if it belongs to another run or step.
    """
    checkpoint = checkpoints[step]()
    expected = {"run_id": run, "step": step}
    if checkpoint["metadata"] != expected:
        raise CheckpointError(
            f"The checkpoint at step {step} of run {run} says of itself {checkpoint['metadata']}; expected {expected}. "
            "It was moved or renamed: remove it, or train anew with training.resume=never."
        )
    arrays: dict[str, np.ndarray] = checkpoint["arrays"]
    return arrays
