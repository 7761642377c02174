"""All workers begin the same run at the same place."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from ganflow.errors import ConfigurationError, GanflowError, WorkerLostError
from ganflow.runtime.cluster import membership
from ganflow.runtime.distribution import from_chief, has_peers
from ganflow.training.identity import Start


def agree_on_start(strategy: tf.distribute.Strategy, choose: Callable[[], Start]) -> Start:
    """Begin where the chief does; only the chief, which has the checkpoints, is asked to choose.

    Raises:
        WorkerLostError: on the others, if the chief's choice is an error.
    """
    if not has_peers(strategy):
        return choose()
    trains, is_finished, refuses = range(3)
    if membership().is_chief:
        try:
            start = choose()
        except GanflowError:
            from_chief(strategy, bytes([refuses]))
            raise
        from_chief(strategy, bytes([is_finished if start.is_finished else trains]))
        return start
    (chiefs,) = from_chief(strategy, bytes(1))
    if chiefs == refuses:
        raise WorkerLostError("The chief refuses to train; its own output says why. Mend that and start all workers again.")
    return Start(None, is_finished=chiefs == is_finished)


def check_same_run(strategy: tf.distribute.Strategy, run_id: str) -> None:
    """Make sure that all workers mean the same run.

    Raises:
        ConfigurationError: on a worker whose run is not the chief's.
    """
    chiefs = from_chief(strategy, run_id.encode()).decode()
    if chiefs != run_id:
        raise ConfigurationError(
            f"{membership().name.capitalize()} would train run {run_id}, the chief trains run {chiefs}: their data, "
            "networks or training parameters differ. Give all workers the same settings and images; where their processors differ, set "
            "training.precision, training.convolution and training.jit to something other than 'auto'."
        )
