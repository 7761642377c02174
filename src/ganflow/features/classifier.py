"""A small classifier of images or clips whose penultimate layer is the space that generators of labelled ones are scored in.

A clip's network names, besides its class, the direction in which it sets out; so its features depend on the order of the frames.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.images import ImageSet
from ganflow.metrics.motion import NUM_DIRECTIONS, directions
from ganflow.networks.blocks import kinds_for
from ganflow.networks.normalization import FusedBatchNormalization

FEATURE_WIDTH = 128
STAGE_WIDTHS = (16, 32, 64)
"""Channels of the first stages; further ones are as wide as the last."""

CLIP_WIDTHS = (8, 16, 32)
"""The same for clips, each of which has as many pixels as T images."""

_LARGEST_MAP = 4
"""Height and width of the map that is flattened, and its length, at most: the head does not grow with the image or clip."""

MOST_IMAGES = 60_000
"""That the classifier is trained on; more would make it little better, and have to fit into memory."""

_POOLING = {3: layers.MaxPooling2D, 4: layers.MaxPooling3D}
"""By the rank of an image or clip."""


def most_images(image_shape: tuple[int, ...]) -> int:
    """How many a classifier is trained on at most; a clip counts as T images."""
    return MOST_IMAGES if len(image_shape) == 3 else max(1, MOST_IMAGES // image_shape[0])


def stage_widths(image_shape: tuple[int, ...], widths: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Channels of a network's stages, each of which halves height and width, and a clip's length, until the map is small enough."""
    widths = widths or (STAGE_WIDTHS if len(image_shape) == 3 else CLIP_WIDTHS)
    num, largest = len(widths), max(image_shape[:-1])
    while largest >> num > _LARGEST_MAP:
        num += 1
    return widths + (widths[-1],) * (num - len(widths))


def halve(hidden: Any, name: str) -> Any:
    """Take the largest of two neighbours along every axis of a map that is longer than 1."""
    sizes = hidden.shape[1:]
    return _POOLING[len(sizes)](tuple(min(2, size) for size in sizes[:-1]), name=name)(hidden)


def build_classifier(image_shape: tuple[int, ...], num_classes: int, widths: tuple[int, ...] | None = None) -> keras.Model:
    """Build a convolutional classifier with FEATURE_WIDTH penultimate features.

    Args:
        image_shape: (H, W, C), or of clips (T, H, W, C), H and W at least 8.
        num_classes: of the labels.
        widths: channels of the first stages; None for the usual ones.

    Returns:
        (N, …, C) pixels in [0, 1] to [(N, FEATURE_WIDTH) features, (N, num_classes) logits], and of clips (N, NUM_DIRECTIONS) logits more.
    """
    hidden = inputs = keras.Input(image_shape, name="images")
    is_clip = len(image_shape) == 4
    for number, width in enumerate(stage_widths(image_shape, widths), start=1):
        hidden = _convolve(hidden, width, f"stage_{number}")
        hidden = halve(hidden, f"stage_{number}_pooling")
    if is_clip:
        # what moves may be anywhere
        hidden = layers.GlobalMaxPooling3D(name="flat")(_convolve(hidden, FEATURE_WIDTH, "last"))
    else:
        hidden = layers.Flatten(name="flat")(hidden)
    features = layers.Dense(FEATURE_WIDTH, activation="relu", name="features")(hidden)
    hidden = layers.Dropout(0.5, name="dropout")(features)
    outputs = [features, layers.Dense(num_classes, name="logits")(hidden)]
    if is_clip:
        outputs.append(layers.Dense(NUM_DIRECTIONS, name="directions")(hidden))
    return keras.Model(inputs, outputs, name="feature_extractor")


def _convolve(hidden: Any, width: int, name: str) -> Any:
    hidden = kinds_for(hidden).convolution(width, 3, padding="same", use_bias=False, name=f"{name}_convolution")(hidden)
    hidden = FusedBatchNormalization(momentum=0.9, name=f"{name}_normalization")(hidden)
    return layers.ReLU(name=f"{name}_activation")(hidden)


def train_classifier(classifier: keras.Model, train: ImageSet, parameters: ExtractorParameters) -> None:
    """Fit a classifier from `build_classifier` in place, on images moved at random by up to two pixels, or on clips as they are.

    Args:
        classifier: to train.
        train: labelled images or clips; of more than `most_images`, as many drawn at random.
        parameters: of the training.
    """
    images, labels, seed = train.images, train.labels, parameters.seed
    batch_size = min(parameters.batch_size, len(images))
    most = most_images(images.shape[1:])
    if len(images) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(len(images), most, replace=False))
        images, labels = images[chosen], labels[chosen]  # type: ignore[index]
    num_steps = parameters.epochs * (len(images) // batch_size)
    warmup = max(1, num_steps // 5)
    rate = parameters.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(rate / 10, max(1, num_steps - warmup), warmup_target=rate, warmup_steps=warmup)
    targets = (labels,) if images.ndim == 4 else (labels, directions(images))
    head = keras.Model(classifier.input, classifier(_moved(classifier.input, seed))[1:])
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in targets]
    head.compile(keras.optimizers.Adam(schedule), losses)
    batches = (
        tf.data.Dataset.from_tensor_slices((images, targets))
        .shuffle(len(images), seed=seed)
        .batch(batch_size, drop_remainder=True)
        .map(lambda pixels, wanted: (tf.cast(pixels, tf.float32) / 255, wanted))
    )
    head.fit(batches, epochs=parameters.epochs, shuffle=False, verbose=0)


def _moved(pixels: Any, seed: int) -> Any:
    """Images moved at random by up to two pixels; clips, which show what moves, as they are."""
    if len(pixels.shape) == 5:
        return pixels
    height, width = pixels.shape[1:3]
    return layers.RandomTranslation(2 / height, 2 / width, fill_mode="constant", interpolation="nearest", seed=seed)(pixels)
