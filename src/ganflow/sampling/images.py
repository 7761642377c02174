"""Images from a generator, in batches, as uint8."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import draw_latents, pixel_range, to_pixels


def sample_images(generator: keras.Model, num: int, batch_size: int, seed: int) -> np.ndarray:
    """Draw images; the first n of a larger draw are the draw of n.

    Args:
        generator: whose first layer says which noise it takes.
        num: images.
        batch_size: images in one call; it bounds memory and does not change the result's order.
        seed: of the latents.

    Returns:
        (num, H, W, C) uint8.
    """
    num_batches = -(-num // batch_size)
    latents = [draw_latents(generator, batch_size, (seed, batch)).numpy() for batch in range(num_batches)]
    return images_from_latents(generator, np.concatenate(latents)[:num], batch_size)


def images_from_latents(generator: keras.Model, latents: np.ndarray, batch_size: int) -> np.ndarray:
    """Run the generator in inference mode, compiled once.

    Args:
        generator: network.
        latents: (N, dimension).
        batch_size: images in one call.

    Returns:
        (N, H, W, C) uint8.
    """
    signature = [tf.TensorSpec((None, latents.shape[1]), tf.float32)]
    values = pixel_range(generator)
    generate = tf.function(lambda batch: to_pixels(generator(batch, training=False), values), input_signature=signature)
    batches = [latents[start : start + batch_size] for start in range(0, len(latents), batch_size)]
    return np.concatenate([generate(tf.constant(batch)).numpy() for batch in batches])
