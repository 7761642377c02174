"""Stateless randomness: what a step draws depends on the run's seed and the step's number alone, however often training was interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from ganflow.networks.latent import ALGORITHM, uniform
from ganflow.runtime.seeds import named_seed

SCHEME = "named"
"""How seeds are made, for the name of a run: one that was drawn otherwise is another run."""


@dataclass(frozen=True)
class Draws:
    """The draws of one run. Every use of randomness has a name, which is hashed into its seed."""

    seed: int

    def at(self, step: tf.Tensor | int, use: str) -> tf.Tensor:
        """Two-integer seed for one use of randomness in one step."""
        return tf.stack([tf.constant(named_seed(self.seed, use), tf.int64), tf.cast(step, tf.int64)])

    def uniform(self, step: tf.Tensor | int, use: str, shape: tuple[int, ...]) -> tf.Tensor:
        """float32, uniform on [0, 1)."""
        return uniform(shape, self.at(step, use))

    def integers(self, step: tf.Tensor | int, use: str, num: int, limit: int) -> tf.Tensor:
        """(num,) int64, uniform on 0 … limit - 1."""
        return tf.random.stateless_uniform((num,), self.at(step, use), maxval=limit, dtype=tf.int64, alg=ALGORITHM)
