"""Images from a generator, in batches, as uint8."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import draw_latents, pixel_range, to_pixels
from ganflow.networks.compiled import CompiledNetwork, compile_network

_LATENTS_AT_ONCE = 500
"""How many latents one seed gives. With another number, the same seed would give other images."""


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


def compile_generator(generator: keras.Model, batch_size: int) -> CompiledNetwork[np.ndarray]:
    """`images_from_latents` for one generator, compiled once for many calls, between which its weights may change."""
    values = pixel_range(generator)
    return compile_network(generator, lambda latents: to_pixels(generator(latents, training=False), values), tf.float32, batch_size)
