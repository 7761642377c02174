"""Images or clips from a generator, in batches, as uint8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.errors import ConfigurationError
from ganflow.networks import draw_inputs, pixel_range, to_pixels
from ganflow.networks.compiled import CompiledNetwork, compile_network
from ganflow.networks.conditional import by_rows, proportions_of
from ganflow.networks.latent import MOST_ROWS
from ganflow.runtime.seeds import named_seed

_DRAWN_AT_ONCE = 500
"""How many inputs one seed gives. With another number, the same seed would give other images."""


def sample_images(generator: keras.Model, num: int, batch_size: int, seed: int, classes: Sequence[int] = ()) -> np.ndarray:
    """Draw images; the first n of a larger draw are the draw of n.

    Args:
        generator: which says itself what it takes.
        num: images.
        batch_size: images in one call; it bounds memory, and does not decide what is drawn.
        seed: of the inputs.
        classes: that are asked for, in turn; none for whatever the generator draws by itself.

    Returns:
        (num, H, W, C) uint8; of a generator of clips, here and below, (num, T, H, W, C).

    Raises:
        ConfigurationError: for classes that the generator does not know.
    """
    return images_from_inputs(generator, asked_inputs(generator, num, seed, classes), batch_size)


def asked_inputs(generator: keras.Model, num: int, seed: int, classes: Sequence[int]) -> Any:
    """The inputs of `sample_images`.

    Raises:
        ConfigurationError: for classes that the generator does not know.
    """
    inputs = sample_inputs(generator, num, seed)
    if not classes:
        return inputs
    check_classes(generator, classes)
    return by_rows(inputs, classes, columns=1)


def sample_inputs(generator: keras.Model, num: int, seed: int) -> Any:
    """The inputs of `sample_images` where no class is asked for, `num` of them, as `draw_inputs` gives them."""
    own = named_seed(seed, "samples")
    blocks = [draw_inputs(generator, _DRAWN_AT_ONCE, (own, block)) for block in range(-(-num // _DRAWN_AT_ONCE))]
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts)[:num], *blocks)


def sample_rows(generator: keras.Model, columns: int, batch_size: int, seed: int, classes: Sequence[int] = ()) -> np.ndarray:
    """Draw the images of a sheet, a row for each class: of those that are asked for, or of all that the generator knows.

    Args:
        generator: which says itself what it takes.
        columns: of the sheet.
        batch_size: images in one call.
        seed: of the inputs.
        classes: that are asked for; none for all, of which a sheet shows MOST_ROWS at most.

    Returns:
        (rows * columns, H, W, C) uint8; as many rows as columns where the generator knows no classes.

    Raises:
        ConfigurationError: for classes that the generator does not know.
    """
    check_classes(generator, classes)
    shown = classes or range(min(len(proportions_of(generator)), MOST_ROWS))
    inputs = sample_inputs(generator, columns * (len(shown) or columns), seed)
    return images_from_inputs(generator, by_rows(inputs, shown, columns) if shown else inputs, batch_size)


def check_classes(generator: keras.Model, classes: Sequence[int]) -> None:
    """Raise ConfigurationError for classes that the generator does not know."""
    num_known = len(proportions_of(generator))
    unknown = [number for number in classes if number >= num_known]
    if unknown and not num_known:
        raise ConfigurationError(
            f"Got sampling.classes = {list(classes)} for a generator that knows no classes. Set it to null, or train one that does, on "
            "images with labels (networks.conditional: true)."
        )
    if unknown:
        raise ConfigurationError(
            f"Got sampling.classes = {list(classes)}, expected numbers from 0 to {num_known - 1}. Leave {unknown} out."
        )


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
