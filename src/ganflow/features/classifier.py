"""A small image classifier whose penultimate layer is the space that generators of labelled images are scored in."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.images import ImageSet
from ganflow.networks.normalization import FusedBatchNormalization

FEATURE_WIDTH = 128
STAGE_WIDTHS = (16, 32, 64)
"""Channels of the first stages; further ones are as wide as the last."""

_LARGEST_MAP = 4
"""Height and width of the map that is flattened, at most: the head does not grow with the image."""

MOST_IMAGES = 60_000
"""That the classifier is trained on; more would make it little better, and have to fit into memory."""


def stage_widths(image_shape: tuple[int, int, int], widths: tuple[int, ...] = STAGE_WIDTHS) -> tuple[int, ...]:
    """Channels of a network's stages, each of which halves height and width, until the map is small enough."""
    num, largest = len(widths), max(image_shape[:2])
    while largest >> num > _LARGEST_MAP:
        num += 1
    return widths + (widths[-1],) * (num - len(widths))


def build_classifier(image_shape: tuple[int, int, int], num_classes: int, widths: tuple[int, ...] = STAGE_WIDTHS) -> keras.Model:
    """Build a convolutional classifier with FEATURE_WIDTH penultimate features.

    Args:
        image_shape: (H, W, C), H and W at least 8.
        num_classes: of the labels.
        widths: channels of the first stages.

    Returns:
        (N, H, W, C) pixels in [0, 1] to [(N, FEATURE_WIDTH) features, (N, num_classes) logits].
    """
    hidden = inputs = keras.Input(image_shape, name="images")
    for number, width in enumerate(stage_widths(image_shape, widths), start=1):
        hidden = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"stage_{number}_convolution")(hidden)
        hidden = FusedBatchNormalization(momentum=0.9, name=f"stage_{number}_normalization")(hidden)
        hidden = layers.ReLU(name=f"stage_{number}_activation")(hidden)
        hidden = layers.MaxPooling2D(2, name=f"stage_{number}_pooling")(hidden)
    hidden = layers.Flatten(name="flat")(hidden)
    features = layers.Dense(FEATURE_WIDTH, activation="relu", name="features")(hidden)
    hidden = layers.Dropout(0.5, name="dropout")(features)
    logits = layers.Dense(num_classes, name="logits")(hidden)
    return keras.Model(inputs, [features, logits], name="feature_extractor")


def train_classifier(classifier: keras.Model, train: ImageSet, parameters: ExtractorParameters) -> None:
    """Fit a classifier from `build_classifier` in place, on images moved at random by up to two pixels.

    Args:
        classifier: to train.
        train: labelled images; of more than MOST_IMAGES, as many drawn at random.
        parameters: of the training.
    """
    images, labels, seed = train.images, train.labels, parameters.seed
    batch_size = min(parameters.batch_size, len(images))
    if len(images) > MOST_IMAGES:
        chosen = np.sort(np.random.default_rng(seed).choice(len(images), MOST_IMAGES, replace=False))
        images, labels = images[chosen], labels[chosen]  # type: ignore[index]
    height, width = images.shape[1:3]
    num_steps = parameters.epochs * (len(images) // batch_size)
    warmup = max(1, num_steps // 5)
    rate = parameters.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(rate / 10, max(1, num_steps - warmup), warmup_target=rate, warmup_steps=warmup)
    moved = layers.RandomTranslation(2 / height, 2 / width, fill_mode="constant", interpolation="nearest", seed=seed)(classifier.input)
    head = keras.Model(classifier.input, classifier(moved)[1])
    head.compile(keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(images), seed=seed)
        .batch(batch_size, drop_remainder=True)
        .map(lambda pixels, label: (tf.cast(pixels, tf.float32) / 255, label))
    )
    head.fit(batches, epochs=parameters.epochs, shuffle=False, verbose=0)
