"""Between stored pixels, 0 to 255, and the range that a network works in."""

from __future__ import annotations

import keras
import tensorflow as tf


def pixel_range(generator: keras.Model) -> tuple[float, float]:
    """Lowest and highest pixel that the generator's output activation can give."""
    return (-1.0, 1.0) if generator.get_layer("pixels").activation is keras.activations.tanh else (0.0, 1.0)


def scale_pixels(pixels: tf.Tensor, values: tuple[float, float]) -> tf.Tensor:
    """Map uint8 0 … 255 to float32 `values[0]` … `values[1]`."""
    low, high = values
    return tf.cast(pixels, tf.float32) * ((high - low) / 255.0) + low


def to_pixels(images: tf.Tensor, values: tuple[float, float]) -> tf.Tensor:
    """Map float `values[0]` … `values[1]` to the nearest uint8; what lies outside is clipped. The inverse of `scale_pixels`."""
    low, high = values
    return tf.cast(tf.clip_by_value(tf.round((images - low) * (255.0 / (high - low))), 0.0, 255.0), tf.uint8)
