"""Batches of real images, with their labels if they have any: from the device's memory, or from a file that is larger than memory.

Both give the same images for the same seed and step, so where the images are kept does not decide what is learnt; except that XLA rounds
differently where it compiles the whole loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ganflow.data.images import ImageSet
from ganflow.training.draws import Draws

PREFETCHED_BATCHES = 4


class Batch(NamedTuple):
    """What a step sees of the real images.

    Attributes:
        images: (N, H, W, C) uint8.
        labels: (N,) int64; None where the images have none.
    """

    images: tf.Tensor
    labels: tf.Tensor | None = None


@dataclass(frozen=True)
class Feed:
    """The batches of a run.

    Attributes:
        batch: from the number of a discriminator update to its images.
        is_compilable: whether XLA can compile `batch`: the images are in memory, on the device if that is what XLA compiles for.
    """

    batch: Callable[[tf.Tensor], Batch]
    is_compilable: bool


def build_feed(images: ImageSet, batch_size: int, draws: Draws, start: int, device_limit: int, jit: bool = False) -> Feed:
    """Keep the images on the device if they fit, else read each batch from where they are.

    Args:
        images: possibly memory-mapped.
        batch_size: images in a step.
        draws: of the run.
        start: first update that will be asked for; they come in order.
        device_limit: bytes of images that are kept on the device.
        jit: whether XLA compiles the step.
    """
    if images.images.nbytes <= device_limit:
        # TensorFlow's own kernels gather uint8 on processors only: in a plain graph a GPU would send for all of the images at every step
        with tf.device(None if jit else "CPU:0"):
            labels = None if images.labels is None else tf.constant(images.labels)
            return feed_from_device(Batch(tf.constant(images.images), labels), batch_size, draws)
    return feed_from_host(images, batch_size, draws, start)


def choose_images(num_images: int, batch_size: int, draws: Draws, step: tf.Tensor) -> tf.Tensor:
    """Draw with replacement which images a step sees, (batch size,) int64."""
    return draws.integers(step, "real images", batch_size, num_images)


def feed_from_device(whole: Batch, batch_size: int, draws: Draws) -> Feed:
    """Gather each batch from all images, in the device's memory."""

    def batch(step: tf.Tensor) -> Batch:
        with tf.device(whole.images.device):
            chosen = choose_images(len(whole.images), batch_size, draws, step)
            return Batch(tf.gather(whole.images, chosen), None if whole.labels is None else tf.gather(whole.labels, chosen))

    return Feed(batch, is_compilable=True)


def feed_from_host(whole: ImageSet, batch_size: int, draws: Draws, start: int) -> Feed:
    """Read each batch ahead of time, on the host, from images that may be memory-mapped; nothing else of them is in memory."""
    images = whole.images
    shape = (batch_size, *images.shape[1:])
    labels = None if whole.labels is None else tf.constant(whole.labels)

    def read(chosen: np.ndarray) -> np.ndarray:
        # in the order of the file, and back
        order = np.argsort(chosen)
        batch = np.empty(shape, np.uint8)
        batch[order] = images[chosen[order]]
        return batch

    def load(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        chosen = choose_images(len(images), batch_size, draws, step)
        batch = tf.ensure_shape(tf.numpy_function(read, [chosen], tf.uint8), shape)
        return (batch,) if labels is None else (batch, tf.gather(labels, chosen))

    steps = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
    batches = iter(steps.map(load, num_parallel_calls=2, deterministic=True).prefetch(PREFETCHED_BATCHES))
    return Feed(lambda _: Batch(*next(batches)), is_compilable=False)
