"""How often the discriminator is updated for each update of the generator."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from ganflow.config.training import TrainingParameters


@dataclass(frozen=True)
class DiscriminatorSchedule:
    """Discriminator updates by step, in closed form, so that a resumed run needs no count of its own.

    A long step is one of the first `num_long`, or every `long_every`-th. Source: 1701.07875's authors' code, with 25, 500 and 100.

    Attributes:
        updates: in an ordinary step.
        long_updates: in a long one.
        num_long: steps at the start that are long.
        long_every: distance of later ones.
    """

    updates: int = 1
    long_updates: int = 1
    num_long: int = 0
    long_every: int = 1

    @property
    def has_long_steps(self) -> bool:
        """Whether steps differ in their updates."""
        return self.updates != self.long_updates

    def at(self, step: tf.Tensor | int) -> tf.Tensor:
        """Updates in a step, int64."""
        step = tf.cast(step, tf.int64)
        is_long = (step < self.num_long) | (step % self.long_every == 0)
        return tf.where(is_long, tf.constant(self.long_updates, tf.int64), tf.constant(self.updates, tf.int64))

    def before(self, step: tf.Tensor | int) -> tf.Tensor:
        """Updates in all steps before one, int64."""
        step = tf.cast(step, tf.int64)
        num_long = tf.minimum(step, self.num_long) + tf.maximum(self._multiples_below(step) - self._multiples_below(self.num_long), 0)
        return step * self.updates + num_long * (self.long_updates - self.updates)

    def _multiples_below(self, limit: tf.Tensor | int) -> tf.Tensor:
        """How many of 0, long_every, 2 long_every … lie below the limit."""
        return (tf.cast(limit, tf.int64) + self.long_every - 1) // self.long_every


def discriminator_schedule(parameters: TrainingParameters) -> DiscriminatorSchedule:
    """The schedule that the parameters describe."""
    updates, warmup = parameters.discriminator_steps, parameters.discriminator_warmup
    if warmup is None:
        return DiscriminatorSchedule(updates, updates)
    return DiscriminatorSchedule(updates, warmup.discriminator_steps, warmup.num_steps, warmup.every)
