"""The entry of a generator: it passes noise on unchanged and remembers which noise the network was trained on."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from ganflow.networks.conditional import LABEL, NOISE, by_rows, draw_labels, proportions_of

# by name, since what TensorFlow selects by itself depends on the device
ALGORITHM = "philox"
_MANTISSA_BITS = 23

MOST_ROWS = 32
"""Of a sheet."""


def uniform(shape: Any, seed: Any) -> tf.Tensor:
    """Draw float32, uniform on [0, 1), the same for the same seed, whether XLA compiles it or not.

    Both make the same random integers, but XLA makes its own floats of their upper bits; these here are the plain graph's, of the lower.

    Args:
        shape: of the result.
        seed: two integers.
    """
    integers = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.int32, alg=ALGORITHM)
    return tf.cast(tf.bitwise.bitwise_and(integers, 2**_MANTISSA_BITS - 1), tf.float32) * 2.0**-_MANTISSA_BITS


def normal(size: int | tf.Tensor, seed: Any) -> tf.Tensor:
    """Draw float32 from the standard normal distribution, (size,); the same for the same seed but for rounding, with XLA or without.

    Source: Box and Muller 1958, a pair for each pair of uniform draws.
    """
    first, second = tf.unstack(uniform(((size + 1) // 2, 2), seed), axis=1)
    radius = tf.sqrt(-2.0 * tf.math.log(tf.maximum(first, 1e-7)))
    angle = 2.0 * math.pi * second
    return tf.reshape(tf.stack([radius * tf.sin(angle), radius * tf.cos(angle)], axis=1), (-1,))[:size]


@keras.saving.register_keras_serializable("ganflow")
class Latent(keras.layers.Layer):
    """Identity on (N, dimension), with the distribution of its input, so that a stored generator can be sampled by anyone.

    Args:
        distribution: `uniform` on (-1, 1) or standard `normal`.
    """

    def __init__(self, distribution: str, **options: Any) -> None:
        super().__init__(**options)
        self.distribution = distribution

    def call(self, inputs: Any) -> Any:
        """Return the noise as it is."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"distribution": self.distribution}


def draw_inputs(generator: keras.Model, num: int | tf.Tensor, seed: Any) -> Any:
    """Draw what `generator` takes, the same for the same seed.

    What that is, is the generator's own affair: a tensor, or a structure of tensors that all have `num` rows. Who draws hands it on to
    the generator as it is, or picks rows of every tensor (`tf.nest.map_structure`).

    Args:
        generator: a network with a layer `Latent`.
        num: inputs to draw.
        seed: two integers.

    Returns:
        Noise, (num, dimension) float32; of a conditional generator {NOISE: noise, LABEL: (num,) int32 in the proportions of its classes}.
    """
    latent = next(layer for layer in generator.layers if isinstance(layer, Latent))
    shape = (num, latent.output.shape[-1])
    noise = 2.0 * uniform(shape, seed) - 1.0 if latent.distribution == "uniform" else tf.reshape(normal(num * shape[1], seed), shape)
    if not (proportions := proportions_of(generator)):
        return noise
    of_labels = tf.random.experimental.stateless_fold_in(seed, 1, alg=ALGORITHM)
    return {NOISE: noise, LABEL: draw_labels(proportions, uniform((num,), of_labels))}


def draw_sheet_inputs(generator: keras.Model, columns: int, seed: Any) -> Any:
    """Draw what a sheet of `columns` columns shows: as many rows, or a row for each class.

    Of more than MOST_ROWS classes, the first ones.
    """
    classes = range(min(len(proportions_of(generator)), MOST_ROWS))
    inputs = draw_inputs(generator, columns * (len(classes) or columns), seed)
    return by_rows(inputs, classes, columns) if classes else inputs
