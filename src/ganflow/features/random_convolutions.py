"""Convolutions with random weights, whose outputs are the space that generators of unlabelled images are scored in.

A network that was never trained still tells sets of images apart by what their patches are like, and it prefers no class. The features
are the principal components of its outputs over training images.

Source: 2002.09797, section 4.2 ("random embeddings"); the network is our own.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.images import ImageSet
from ganflow.features.classifier import FEATURE_WIDTH, halve, stage_widths
from ganflow.networks.blocks import kinds_for
from ganflow.runtime.seeds import named_random

_NUM_MEASURED = 2_000
"""Training images on which the principal components are measured."""

_LEAST_VARIANCE = 1e-3
"""Added to the variance of each component, as a share of the largest, before it is brought to 1: of rounding, nothing is made."""


def build_random_convolutions(image_shape: tuple[int, ...], num_classes: int = 0) -> keras.Model:
    """Build the network; `instantiate` gives it the weights of a seed.

    Args:
        image_shape: (H, W, C), or of clips (T, H, W, C), H and W at least 8.
        num_classes: of no importance here.

    Returns:
        (N, …, C) pixels in [0, 1] to (N, FEATURE_WIDTH) features.
    """
    del num_classes
    hidden = inputs = keras.Input(image_shape, name="images")
    hidden = layers.Rescaling(2.0, -1.0, name="scaling")(hidden)
    for number, width in enumerate(stage_widths(image_shape), start=1):
        initializer = keras.initializers.HeNormal(seed=None)
        convolution = kinds_for(hidden).convolution
        hidden = convolution(width, 3, padding="same", kernel_initializer=initializer, name=f"stage_{number}_convolution")(hidden)
        hidden = layers.ReLU(name=f"stage_{number}_activation")(hidden)
        hidden = halve(hidden, f"stage_{number}_pooling")
    hidden = layers.Flatten(name="flat")(hidden)
    features = layers.Dense(FEATURE_WIDTH, kernel_initializer="zeros", name="features")(hidden)
    return keras.Model(inputs, features, name="feature_extractor")


def whiten(network: keras.Model, train: ImageSet, parameters: ExtractorParameters) -> None:
    """Make the features the principal components of training images, with mean 0 and variance 1, in place.

    The kernel distance takes features on that scale; and without it a few directions, mostly of brightness, would outweigh all others.

    Args:
        network: from `build_random_convolutions`.
        train: training images.
        parameters: whose seed chooses among them.
    """
    random = named_random(parameters.seed, "images to whiten features on")
    chosen = np.sort(random.choice(len(train), min(len(train), _NUM_MEASURED), replace=False))
    flat = keras.Model(network.input, network.get_layer("flat").output)
    values = flat.predict(train.images[chosen].astype(np.float32) / 255, batch_size=100, verbose=0).astype(np.float64)
    mean = values.mean(axis=0)
    variances, components = np.linalg.eigh(np.cov(values - mean, rowvar=False, bias=True))
    # the largest come last
    variances, components = variances[: -FEATURE_WIDTH - 1 : -1], components[:, : -FEATURE_WIDTH - 1 : -1]
    kernel = components / np.sqrt(np.maximum(variances, 0) + max(_LEAST_VARIANCE * variances[0], np.finfo(np.float32).tiny))
    missing = FEATURE_WIDTH - kernel.shape[1]
    kernel = np.pad(kernel, ((0, 0), (0, missing)))
    network.get_layer("features").set_weights([kernel, -mean @ kernel])
