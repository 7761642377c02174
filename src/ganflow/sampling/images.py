"""Images from a generator, in batches, as uint8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import draw_latents, pixel_range, to_pixels

_LATENTS_AT_ONCE = 500
"""Drawn from one seed; another number would draw others."""


def sample_images(generator: keras.Model, num: int, batch_size: int, seed: int) -> np.ndarray:
    """Draw images; the first n of a larger draw are the draw of n.

    Args:
        generator: whose first layer says which noise it takes.
        num: images.
        batch_size: images in one call; it bounds memory, and does not decide what is drawn.
        seed: of the latents.

    Returns:
        (num, H, W, C) uint8.
    """
    return images_from_latents(generator, sample_latents(generator, num, seed), batch_size)


def sample_latents(generator: keras.Model, num: int, seed: int) -> np.ndarray:
    """The latents of `sample_images`, (num, dimension)."""
    latents = [draw_latents(generator, _LATENTS_AT_ONCE, (seed, block)).numpy() for block in range(-(-num // _LATENTS_AT_ONCE))]
    return np.concatenate(latents)[:num]


def images_from_latents(generator: keras.Model, latents: np.ndarray, batch_size: int) -> np.ndarray:
    """Run the generator in inference mode.

    Args:
        generator: network.
        latents: (N, dimension).
        batch_size: images in one call.

    Returns:
        (N, H, W, C) uint8.
    """
    return compile_generator(generator, batch_size)(latents)


@dataclass(frozen=True)
class CompiledGenerator:
    """`images_from_latents` for one generator, between whose calls its weights may change.

    Attributes:
        generator: network; the compiled function itself holds its weights by weak references only.
        batch_size: images in one call.
        generate: (N, dimension) float32 to (N, H, W, C) uint8.
    """

    generator: keras.Model
    batch_size: int
    generate: Callable[[tf.Tensor], tf.Tensor]

    def __call__(self, latents: np.ndarray) -> np.ndarray:
        """(N, dimension) to (N, H, W, C) uint8."""
        batches = [latents[start : start + self.batch_size] for start in range(0, len(latents), self.batch_size)]
        return np.concatenate([self.generate(tf.constant(batch)).numpy() for batch in batches])


def compile_generator(generator: keras.Model, batch_size: int) -> CompiledGenerator:
    """Compile a generator once for many calls."""
    values = pixel_range(generator)
    generate = tf.function(lambda latents: to_pixels(generator(latents, training=False), values), autograph=False)
    signature = tf.TensorSpec((None, generator.input_shape[-1]), tf.float32)
    # traced here and not at the first call, which TensorFlow would count as one of too many
    return CompiledGenerator(generator, batch_size, generate.get_concrete_function(signature))
