"""Stateless randomness: what a step draws depends on the run's seed and the step's number alone, however often training was interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from ganflow.networks.latent import ALGORITHM, uniform

# Each use of randomness has a stream of its own, so that adding one leaves the others as they were.
(
    REAL_IMAGES,
    DISCRIMINATOR_LATENTS,
    GENERATOR_LATENTS,
    SHEET_LATENTS,
    PENALTY_POINTS,
    PENALTY_NOISE,
    REAL_AUGMENTATION,
    FAKE_AUGMENTATION,
) = range(8)
_MAX_STREAMS = 8


@dataclass(frozen=True)
class Draws:
    """The draws of one run."""

    seed: int

    def at(self, step: tf.Tensor | int, stream: int) -> tf.Tensor:
        """Two-integer seed for one use of randomness in one step."""
        return tf.stack([tf.constant(self.seed, tf.int64), tf.cast(step, tf.int64) * _MAX_STREAMS + stream])

    def uniform(self, step: tf.Tensor | int, stream: int, shape: tuple[int, ...]) -> tf.Tensor:
        """float32, uniform on [0, 1)."""
        return uniform(shape, self.at(step, stream))

    def integers(self, step: tf.Tensor | int, stream: int, num: int, limit: int) -> tf.Tensor:
        """(num,) int64, uniform on 0 … limit - 1."""
        return tf.random.stateless_uniform((num,), self.at(step, stream), maxval=limit, dtype=tf.int64, alg=ALGORITHM)
