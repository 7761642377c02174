"""Gradient penalties on the discriminator."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Discriminator = Callable[[tf.Tensor], tf.Tensor]
"""(N, …, C) to (N, 1) logits."""

# inside the root, whose slope at zero has no bound
_ROOT_GUARD = 1e-12


def logits_and_squared_gradient_norms(discriminator: Discriminator, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Logits of `images` and ‖∇D(x)‖² at each of them.

    The logits come along because both are needed and cost one pass together. The mean over real images is R1, over generated ones R2.

    Args:
        discriminator: (N, …, C) to (N, 1) logits.
        images: (N, …, C).

    Returns:
        (N, 1) logits, and (N,) float32 in logits² per pixel unit².

    Raises:
        ValueError: if `images` has no axis between the first and the last.
    Source: 1801.04406, equations 9 and 10.
    """
    if images.shape.rank < 3:
        raise ValueError(f"images must have rank 3 or more, (N, …, C); got shape {images.shape}")
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = discriminator(images)
        # images do not interact in the discriminator, so the gradient of the sum holds each image's own
        total = tf.reduce_sum(logits)
    gradients = tape.gradient(total, images)
    return logits, tf.reduce_sum(tf.square(tf.cast(gradients, tf.float32)), axis=range(1, images.shape.rank))


def gradient_penalty(discriminator: Discriminator, points: tf.Tensor, target: float = 1.0) -> tf.Tensor:
    """E(‖∇D(x)‖ - target)² over `points`.

    Args:
        discriminator: (N, …, C) to (N, 1) logits.
        points: (N, …, C), see `between` and `around`.
        target: norm that is wanted.

    Returns:
        A scalar, 0 or more.
    Source: 1704.00028, equation 3.
    """
    _, squared_norms = logits_and_squared_gradient_norms(discriminator, points)
    return tf.reduce_mean(tf.square(tf.sqrt(squared_norms + _ROOT_GUARD) - target))


def between(real_images: tf.Tensor, fake_images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Points on the lines between real and fake images.

    Args:
        real_images: (N, …, C).
        fake_images: (N, …, C).
        share: of the real image in each point, (N, 1, …, 1), uniform on [0, 1).

    Raises:
        ValueError: if the share is of another rank, and so would be one of something else than of whole images.
    Source: 1704.00028, section 4.
    """
    _check_share(share, real_images)
    return fake_images + share * (real_images - fake_images)


def around(real_images: tf.Tensor, noise: tf.Tensor, share: tf.Tensor, spread: tf.Tensor) -> tf.Tensor:
    """Points between real images and themselves with noise of up to half the batch's standard deviation.

    Args:
        real_images: (N, …, C).
        noise: (N, …, C), uniform on [0, 1).
        share: of the noise that is added, (N, 1, …, 1), uniform on [0, 1).
        spread: standard deviation of all pixels of the batch, a scalar.

    Raises:
        ValueError: if the share is of another rank, and so would be one of something else than of whole images.
    Source: 1705.07215, section 2.3; scale and form as in its authors' code.
    """
    _check_share(share, real_images)
    return real_images + share * 0.5 * spread * noise


def _check_share(share: tf.Tensor, images: tf.Tensor) -> None:
    if share.shape.rank != images.shape.rank:
        raise ValueError(f"Got a share of shape {share.shape} for images of shape {images.shape}, expected (N, 1, …, 1) of the same rank.")
