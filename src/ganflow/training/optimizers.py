"""From an optimizer's parameters to a Keras optimizer."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from ganflow.config.training import LearningRateDecay, OptimizerParameters


def build_optimizer(parameters: OptimizerParameters, name: str) -> keras.optimizers.Optimizer:
    """Build Adam (1412.6980) or RMSprop with its decay and clipping.

    Args:
        parameters: of one network's optimizer.
        name: of the optimizer, which its variables carry.
    """
    rate = learning_rate(parameters.learning_rate, parameters.decay)
    if parameters.warmup_steps:
        rate = WarmUp(rate, parameters.warmup_steps)
    common = {"learning_rate": rate, "epsilon": parameters.epsilon, "clipvalue": parameters.clip_value, "name": name}
    if parameters.name == "adam":
        return keras.optimizers.Adam(beta_1=parameters.beta_1, beta_2=parameters.beta_2, **common)
    return keras.optimizers.RMSprop(rho=parameters.beta_2, **common)


def apply_gradients(optimizer: keras.optimizers.Optimizer, gradients: Sequence[tf.Tensor], variables: Sequence[keras.Variable]) -> None:
    """Take one step down the gradient of the whole batch, however many replicas share it.

    Args:
        optimizer: of the variables.
        gradients: of the mean over this replica's share.
        variables: that move.
    """
    replica = tf.distribute.get_replica_context()
    num = replica.num_replicas_in_sync
    if num > 1:
        # the optimizer sums over replicas
        gradients = [gradient / num for gradient in gradients]
        if optimizer.clipvalue is not None:
            # but clips before it does: so the first replica speaks for all
            is_first = replica.replica_id_in_sync_group == 0
            gradients = [
                tf.where(is_first, gradient, tf.zeros_like(gradient))
                for gradient in replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
            ]
    optimizer.apply(gradients, variables)


def learning_rate(initial: float, decay: LearningRateDecay | None) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A constant rate, or the schedule that `decay` describes."""
    if decay is None:
        return initial
    if decay.schedule == "inverse_time":
        return keras.optimizers.schedules.InverseTimeDecay(initial, decay_steps=1, decay_rate=decay.decay_rate)
    if decay.schedule == "linear":
        return keras.optimizers.schedules.PolynomialDecay(initial, decay.num_steps, initial * decay.final_fraction)
    return keras.optimizers.schedules.CosineDecay(initial, decay.num_steps, alpha=decay.final_fraction)


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, or a constant rate, multiplied by a share that rises evenly to 1.

    Args:
        rate: what is multiplied.
        num_steps: the share is 1/num_steps in the first step and 1 from the num_steps-th on. Source: 1706.02677, section 2.2.
    """

    def __init__(self, rate: float | keras.optimizers.schedules.LearningRateSchedule, num_steps: int) -> None:
        super().__init__()
        self._rate, self._num_steps = rate, num_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Rate in the step of this number, from 0."""
        share = tf.minimum(1.0, (tf.cast(step, tf.float32) + 1.0) / self._num_steps)
        return share * (self._rate(step) if callable(self._rate) else self._rate)
