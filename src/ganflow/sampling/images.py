"""Images from a generator, in batches, as uint8."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import draw_inputs, pixel_range, to_pixels
from ganflow.networks.compiled import CompiledNetwork, compile_network
from ganflow.runtime.seeds import named_seed

_DRAWN_AT_ONCE = 500
"""How many inputs one seed gives. With another number, the same seed would give other images."""


def sample_images(generator: keras.Model, num: int, batch_size: int, seed: int) -> np.ndarray:
    """Draw images; the first n of a larger draw are the draw of n.

    Args:
        generator: which says itself what it takes.
        num: images.
        batch_size: images in one call; it bounds memory, and does not decide what is drawn.
        seed: of the inputs.

    Returns:
        (num, H, W, C) uint8.
    """
    return images_from_inputs(generator, sample_inputs(generator, num, seed), batch_size)


def sample_inputs(generator: keras.Model, num: int, seed: int) -> Any:
    """The inputs of `sample_images`, `num` of them, as `draw_inputs` gives them."""
    own = named_seed(seed, "samples")
    blocks = [draw_inputs(generator, _DRAWN_AT_ONCE, (own, block)) for block in range(-(-num // _DRAWN_AT_ONCE))]
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts)[:num], *blocks)


def images_from_inputs(generator: keras.Model, inputs: Any, batch_size: int) -> np.ndarray:
    """Run the generator in inference mode.

    Args:
        generator: network.
        inputs: N of them, as `draw_inputs` gives them.
        batch_size: images in one call.

    Returns:
        (N, H, W, C) uint8.
    """
    return compile_generator(generator, batch_size)(inputs)


def compile_generator(generator: keras.Model, batch_size: int) -> CompiledNetwork[np.ndarray]:
    """`images_from_inputs` for one generator, compiled once for many calls, between which its weights may change."""
    values = pixel_range(generator)
    return compile_network(generator, lambda inputs: to_pixels(generator(inputs, training=False), values), batch_size)
