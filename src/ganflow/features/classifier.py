"""A small image classifier whose penultimate layer is the space that generators are scored in."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ganflow.features.stored import FeatureExtractor
from ganflow.networks.builders import instantiate
from ganflow.networks.compiled import CompiledNetwork, compile_network
from ganflow.networks.normalization import FusedBatchNormalization

FEATURE_WIDTH = 128
STAGE_WIDTHS = (16, 32, 64)

MOST_IMAGES = 60_000
"""That the classifier is trained on; more would make it little better, and have to fit into memory."""


def build_classifier(image_shape: tuple[int, int, int], num_classes: int, stage_widths: tuple[int, ...] = STAGE_WIDTHS) -> keras.Model:
    """Build a convolutional classifier with FEATURE_WIDTH penultimate features.

    Args:
        image_shape: (H, W, C).
        num_classes: of the labels.
        stage_widths: channels of the convolutions; each halves height and width.

    Returns:
        (N, H, W, C) pixels in [0, 1] to [(N, FEATURE_WIDTH) features, (N, num_classes) logits].
    """
    hidden = inputs = keras.Input(image_shape, name="images")
    for number, width in enumerate(stage_widths, start=1):
        hidden = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"stage_{number}_convolution")(hidden)
        hidden = FusedBatchNormalization(momentum=0.9, name=f"stage_{number}_normalization")(hidden)
        hidden = layers.ReLU(name=f"stage_{number}_activation")(hidden)
        hidden = layers.MaxPooling2D(2, name=f"stage_{number}_pooling")(hidden)
    hidden = layers.Flatten(name="flat")(hidden)
    features = layers.Dense(FEATURE_WIDTH, activation="relu", name="features")(hidden)
    hidden = layers.Dropout(0.5, name="dropout")(features)
    logits = layers.Dense(num_classes, name="logits")(hidden)
    return keras.Model(inputs, [features, logits], name="feature_extractor")


def train_classifier(
    classifier: keras.Model, images: np.ndarray, labels: np.ndarray, num_epochs: int, batch_size: int, learning_rate: float, seed: int
) -> None:
    """Fit a classifier from `build_classifier` in place, on images moved at random by up to two pixels.

    Args:
        classifier: to train.
        images: (N, H, W, C) uint8, possibly memory-mapped; of more than MOST_IMAGES, as many drawn at random.
        labels: (N,) integers from 0.
        num_epochs: passes over the images.
        batch_size: images in a step; at most N.
        learning_rate: peak of a one-cycle schedule for Adam.
        seed: of order, movements and dropout.
    """
    if len(images) > MOST_IMAGES:
        chosen = np.sort(np.random.default_rng(seed).choice(len(images), MOST_IMAGES, replace=False))
        images, labels = images[chosen], labels[chosen]
    height, width = images.shape[1:3]
    num_steps = num_epochs * (len(images) // batch_size)
    warmup = max(1, num_steps // 5)
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, num_steps - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    moved = layers.RandomTranslation(2 / height, 2 / width, fill_mode="constant", interpolation="nearest", seed=seed)(classifier.input)
    head = keras.Model(classifier.input, classifier(moved)[1])
    head.compile(keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = (
        tf.data.Dataset.from_tensor_slices((images, labels))
        .shuffle(len(images), seed=seed)
        .batch(batch_size, drop_remainder=True)
        .map(lambda pixels, label: (tf.cast(pixels, tf.float32) / 255, label))
    )
    head.fit(batches, epochs=num_epochs, shuffle=False, verbose=0)


def restore_classifier(stored: FeatureExtractor) -> keras.Model:
    """Build the classifier of a stored feature extractor."""
    classifier = instantiate(stored["metadata"]["origin"]["architecture"])
    for variable in classifier.weights:
        variable.assign(stored["arrays"][variable.path])
    return classifier


def extract(classifier: keras.Model, images: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute features and predicted classes.

    Args:
        classifier: from `build_classifier`.
        images: (N, H, W, C) uint8.
        batch_size: images in one call; it bounds memory.

    Returns:
        (N, FEATURE_WIDTH) float32 and (N,) int64.
    """
    return compile_classifier(classifier, batch_size)(images)


def compile_classifier(classifier: keras.Model, batch_size: int) -> CompiledNetwork[tuple[np.ndarray, np.ndarray]]:
    """`extract` for one classifier, compiled once for many calls."""

    def classify(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features, logits = classifier(tf.cast(pixels, tf.float32) / 255, training=False)
        return features, tf.argmax(logits, axis=1)

    return compile_network(classifier, classify, tf.uint8, batch_size)
