"""The entry of a generator: it passes noise on unchanged and remembers which noise the network was trained on."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# by name, since what TensorFlow selects by itself depends on the device
ALGORITHM = "philox"


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


def draw_latents(generator: keras.Model, num: int | tf.Tensor, seed: Any) -> tf.Tensor:
    """Draw noise for `generator`, the same for the same seed.

    Args:
        generator: a network whose first layer is `Latent`.
        num: latents to draw.
        seed: two integers.

    Returns:
        (num, dimension) float32.
    """
    shape = (num, generator.input_shape[-1])
    if _distribution(generator) == "uniform":
        return tf.random.stateless_uniform(shape, seed, minval=-1.0, maxval=1.0, alg=ALGORITHM)
    return tf.random.stateless_normal(shape, seed, alg=ALGORITHM)


def _distribution(generator: keras.Model) -> str:
    return next(layer.distribution for layer in generator.layers if isinstance(layer, Latent))
