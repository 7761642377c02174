"""Differentiable augmentation: what the discriminator sees is coloured, mirrored, moved and partly hidden, real and fake images alike.

All frames of a clip are treated the same way.

Source: 2006.10738, section 3, and its authors' code for the amounts.
"""

from __future__ import annotations

import tensorflow as tf

from ganflow.config.training import AugmentationParameters

NUM_DRAWS = 8
"""Uniform draws on [0, 1) that an image takes: two for the translation, two for the cutout, one for the mirror, three for the colour."""


def augment(images: tf.Tensor, parameters: AugmentationParameters, draws: tf.Tensor, scale: tuple[float, float]) -> tf.Tensor:
    """Colour, mirror, translate, cut out, as far as the parameters ask for it.

    Args:
        images: (N, …, H, W, C).
        parameters: how much.
        draws: (N, NUM_DRAWS), uniform on [0, 1).
        scale: values of a black and of a white pixel. Pixels that come in from outside, or are hidden, are black.
    """
    height, width = images.shape[-3:-1]
    background = scale[0]
    if parameters.colour:
        images = recolour(images, draws[:, 5:8], parameters.colour, scale)
    if parameters.mirror:
        images = tf.where(_along(draws[:, 4], images) < 0.5, images, tf.reverse(images, [images.shape.rank - 2]))
    if parameters.translation:
        limits = tf.constant([round(height * parameters.translation), round(width * parameters.translation)])
        span = tf.cast(2 * limits + 1, tf.float32)
        offsets = tf.cast(tf.floor(draws[:, :2] * span), tf.int32) - limits
        images = translate(images, offsets, background)
    if parameters.cutout:
        size = round(height * parameters.cutout), round(width * parameters.cutout)
        centres = tf.cast(tf.floor(draws[:, 2:4] * tf.constant([height, width], tf.float32)), tf.int32)
        images = cut_out(images, centres, size, background)
    return images


def recolour(images: tf.Tensor, draws: tf.Tensor, amount: float, scale: tuple[float, float]) -> tf.Tensor:
    """Change brightness, then saturation, then contrast.

    With u uniform on (-1, 1) for each of them: the brightness by u·amount/4 of the scale, each pixel's distance from its grey value by the
    factor 1 + u·amount, and its distance from the image's mean by the factor 1 + u·amount/2.

    Args:
        images: (N, …, H, W, C).
        draws: (N, 3), uniform on [0, 1).
        amount: 1 for the source's.
        scale: values of a black and of a white pixel.
    """
    brightness, saturation, contrast = (amount * (2 * _along(draws[:, number], images) - 1) for number in range(3))
    images += brightness * (scale[1] - scale[0]) / 4
    if images.shape[-1] > 1:
        grey = tf.reduce_mean(images, axis=-1, keepdims=True)
        images = grey + (images - grey) * (1 + saturation)
    mean = tf.reduce_mean(images, axis=range(1, images.shape.rank), keepdims=True)
    return mean + (images - mean) * (1 + contrast / 2)


def translate(images: tf.Tensor, offsets: tf.Tensor, background: float) -> tf.Tensor:
    """Move each image by whole pixels.

    Args:
        images: (N, …, H, W, C).
        offsets: (N, 2) int32, down and to the right.
        background: of pixels that come in from outside.
    """
    for number in range(2):
        axis = images.shape.rank - 3 + number
        size = images.shape[axis]
        sources = tf.range(size) - offsets[:, number, tf.newaxis]
        is_inside = (sources >= 0) & (sources < size)
        moved = tf.gather(images, tf.clip_by_value(sources, 0, size - 1), axis=axis, batch_dims=1)
        images = tf.where(_along(is_inside, images, axis), moved, background)
    return images


def cut_out(images: tf.Tensor, centres: tf.Tensor, size: tuple[int, int], background: float) -> tf.Tensor:
    """Hide a rectangle of each image, or as much of it as lies inside.

    Args:
        images: (N, …, H, W, C).
        centres: (N, 2) int32, row and column.
        size: height and width of the rectangle; its first row is half of it, rounded down, above the centre.
        background: of hidden pixels.
    """
    first = centres - tf.constant([size[0] // 2, size[1] // 2])
    rows = tf.range(images.shape[-3]) - first[:, 0, tf.newaxis]
    columns = tf.range(images.shape[-2]) - first[:, 1, tf.newaxis]
    in_rows = (rows >= 0) & (rows < size[0])
    in_columns = (columns >= 0) & (columns < size[1])
    rank = images.shape.rank
    return tf.where(_along(in_rows, images, rank - 3) & _along(in_columns, images, rank - 2), background, images)


def _along(values: tf.Tensor, images: tf.Tensor, axis: int | None = None) -> tf.Tensor:
    """(N,) one value for each image, or (N, size) along an axis of the images, brought to their rank."""
    shape = [-1, *[1] * (images.shape.rank - 1)]
    if axis is not None:
        shape[axis] = values.shape[1]
    return tf.reshape(values, shape)
