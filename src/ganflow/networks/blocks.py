"""The pieces that the builders fold over a table: each takes a tensor and returns a tensor."""

from __future__ import annotations

import math
from typing import Any

from keras import layers

from ganflow.config.networks import DiscriminatorParameters, DiscriminatorStage, GeneratorParameters, GeneratorStage
from ganflow.networks.convolution import SameConv2D, UpsampledConv2D
from ganflow.networks.normalization import FusedBatchNormalization
from ganflow.networks.spectral import SpectralConv2D


def project(latent: Any, shape: tuple[int, int, int], parameters: GeneratorParameters) -> Any:
    """Dense projection of a latent vector to a feature map, normalised for each feature before it gets its shape.

    Args:
        latent: (N, dimension).
        shape: height, width and channels of the map.
        parameters: of the network.

    Returns:
        (N, height, width, channels).
    """
    height, width, channels = shape
    # no bias here or below: the normalization that follows would take it away again
    hidden = layers.Dense(height * width * channels, use_bias=False, name="projection")(latent)
    hidden = FusedBatchNormalization(momentum=parameters.batch_normalization_momentum, name="projection_normalization")(hidden)
    hidden = layers.ReLU(name="projection_activation")(hidden)
    hidden = layers.Reshape(shape, name="projection_map")(hidden)
    return layers.Dropout(parameters.dropout, name="projection_dropout")(hidden) if parameters.dropout else hidden


def generator_block(features: Any, stage: GeneratorStage, parameters: GeneratorParameters, name: str) -> Any:
    """Convolution, batch normalization, ReLU; before the ReLU, what comes in is added, if the network is residual.

    Args:
        features: (N, H, W, C).
        stage: row of the table; if it doubles, the result is (N, 2·H, 2·W, width).
        parameters: of the network.
        name: prefix of the layers' names.
    """
    options: dict[str, Any] = {"use_bias": False, "name": f"{name}_convolution"}
    if stage.double and parameters.upsampling == "transposed":
        convolution = layers.Conv2DTranspose(stage.width, stage.kernel_size, strides=2, padding="same", **options)
    else:
        convolution = (UpsampledConv2D if stage.double else SameConv2D)(stage.width, stage.kernel_size, **options)
    momentum = parameters.batch_normalization_momentum
    hidden = FusedBatchNormalization(momentum=momentum, name=f"{name}_normalization")(convolution(features))
    if parameters.residual:
        shortcut = SameConv2D(stage.width, 1, use_bias=False, name=f"{name}_shortcut")(features)
        if stage.double:
            shortcut = layers.UpSampling2D(name=f"{name}_shortcut_doubled")(shortcut)
        hidden = layers.Add(name=f"{name}_sum")([hidden, shortcut])
    return layers.ReLU(name=f"{name}_activation")(hidden)


def discriminator_block(features: Any, stage: DiscriminatorStage, parameters: DiscriminatorParameters, is_first: bool, name: str) -> Any:
    """Convolution, normalization, LeakyReLU, dropout; the second and the last only if the network has them.

    A residual network adds what comes in, and halves the variance of the sum (1912.04958, appendix B).

    Args:
        features: (N, H, W, C).
        stage: row of the table.
        parameters: of the network.
        is_first: of the table, which neither normalises pixels, on one scale already, nor adds them.
        name: prefix of the layers' names.
    """
    convolution = SpectralConv2D if parameters.spectral_normalization else layers.Conv2D
    normalization = "none" if is_first else parameters.normalization
    strides, use_bias = 1 + stage.halve, normalization == "none"
    hidden = convolution(stage.width, stage.kernel_size, strides=strides, padding="same", use_bias=use_bias, name=f"{name}_convolution")(
        features
    )
    if normalization == "batch":
        # next to clipped weights Keras's own epsilon, a hundred times larger, would be all that there is to divide by
        hidden = FusedBatchNormalization(momentum=0.9, epsilon=1.001e-5, name=f"{name}_normalization")(hidden)
    elif normalization == "layer":
        # one group: statistics over height, width and channels, a scale and a centre for each channel
        hidden = layers.GroupNormalization(groups=1, name=f"{name}_normalization")(hidden)
    hidden = layers.LeakyReLU(negative_slope=parameters.leaky_slope, name=f"{name}_activation")(hidden)
    if parameters.residual and not is_first:
        if stage.halve:
            features = layers.AveragePooling2D(2, padding="same", name=f"{name}_shortcut_halved")(features)
        shortcut = convolution(stage.width, 1, use_bias=False, name=f"{name}_shortcut")(features)
        hidden = layers.Rescaling(math.sqrt(0.5), name=f"{name}_scale")(layers.Add(name=f"{name}_sum")([hidden, shortcut]))
    return layers.Dropout(parameters.dropout, name=f"{name}_dropout")(hidden) if parameters.dropout else hidden
