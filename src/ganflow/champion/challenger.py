"""How a challenger is trained: from which seed, and from which networks."""

from __future__ import annotations

from typing import Any

from ganflow.champion.decision import Reason
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.training import TrainingParameters
from ganflow.errors import ConfigurationError
from ganflow.records import Champion
from ganflow.training.identity import load_state
from ganflow.training.state import network_arrays
from ganflow.training.streams import Series


def plan_training(training: TrainingParameters, reason: Reason) -> TrainingParameters:
    """Give every attempt a seed of its own: the same data and seed would make the same generator again."""
    if training.resume == "never":
        # it would begin a challenger anew that was cut off
        training = training.model_copy(update={"resume": "auto"})
    return training.model_copy(update={"seed": (training.seed + reason["attempt"]) % 2**31})


def find_initial_state(champion: Champion | None, checkpoints: Series, reason: Reason, parameters: RetrainingParameters) -> dict[str, Any]:
    """The networks of the champion's newest checkpoint, for a warm start; {} for a cold one.

    Raises:
        ConfigurationError: if the champion has no checkpoint any more.
    """
    if not parameters.warm_start or champion is None or reason["reason"] == "champion_missing":
        return {}
    run_id = champion["record"]["run_id"]
    own = checkpoints.get(run_id, {})
    if not own:
        raise ConfigurationError(
            f"retraining.warm_start is true, but the champion's run {run_id} has no checkpoint any more. Set retraining.warm_start=false."
        )
    step = max(own)
    return {"arrays": network_arrays(load_state(own, step, run_id)), "metadata": {"run_id": run_id, "step": step}}
