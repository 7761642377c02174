"""Gradient penalties on the discriminator."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def logits_and_squared_gradient_norm(discriminator: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Logits of `images` and E‖∇D(x)‖² over them: R1 at real images, R2 at generated ones.

    The logits come along because both are needed and cost one pass together.

    Args:
        discriminator: (N, H, W, C) to (N, 1) logits.
        images: (N, H, W, C).

    Returns:
        (N, 1) logits, and a scalar in logits² per pixel unit².

    Raises:
        ValueError: if `images` is not of rank 4.
    Source: 1801.04406, equation 9.
    """
    if images.shape.rank != 4:
        raise ValueError(f"images must have rank 4, (N, H, W, C); got shape {images.shape}")
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = discriminator(images)
        # images do not interact in the discriminator, so the gradient of the sum holds each image's own
        total = tf.reduce_sum(logits)
    gradients = tape.gradient(total, images)
    return logits, tf.reduce_mean(tf.reduce_sum(tf.square(tf.cast(gradients, tf.float32)), axis=(1, 2, 3)))
