"""What the clips of a generator are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import pixel_range, to_pixels
from ganflow.networks.compiled import compile_network
from ganflow.sampling.images import asked_inputs

STREAMS = ("foreground", "mask", "background")
"""Layers of a generator of two streams, arXiv:1609.02612: the clip is mask · foreground + (1 − mask) · background."""


def sample_streams(generator: keras.Model, num: int, batch_size: int, seed: int, classes: Sequence[int] = ()) -> list[np.ndarray]:
    """Draw clips, and apart what they are made of: the clips that `sample_images` draws.

    Args:
        generator: which says itself what it takes.
        num: clips.
        batch_size: clips in one call.
        seed: of the inputs.
        classes: that are asked for, in turn; none for whatever the generator draws by itself.

    Returns:
        Clips, and those of STREAMS that the generator has, each (num, T, H, W, C) uint8: a mask is black where the background shows, a
        background stands still. [] of a generator of images.

    Raises:
        ConfigurationError: for classes that the generator does not know.
    """
    if len(generator.output_shape) != 5:
        return []
    names = {layer.name for layer in generator.layers}
    streams = [name for name in STREAMS if name in names]
    outputs = [generator.output, *(generator.get_layer(name).output for name in streams)]
    ranges = [(0.0, 1.0) if name == "mask" else pixel_range(generator) for name in ("pixels", *streams)]
    split = keras.Model(generator.input, outputs)
    drawn = compile_network(split, _Pixels(split, ranges), batch_size)(asked_inputs(generator, num, seed, classes))
    # a mask has one channel, a background one frame
    return [np.broadcast_to(layer, drawn[0].shape) for layer in drawn]


@dataclass(frozen=True)
class _Pixels:
    """All outputs of a network as uint8.

    Attributes:
        network: with several outputs.
        ranges: of the values of each.
    """

    network: keras.Model
    ranges: list[tuple[float, float]]

    def __call__(self, inputs: Any) -> tuple[tf.Tensor, ...]:
        outputs = tf.nest.flatten(self.network(inputs, training=False))
        return tuple(to_pixels(output, values) for output, values in zip(outputs, self.ranges, strict=True))
