"""The pieces that the builders fold over a table: each takes a tensor and returns a tensor."""

from __future__ import annotations

from typing import Any

from keras import layers

from ganflow.networks.normalization import FusedBatchNormalization
from ganflow.networks.upsampling import UpsampledConv2D


def project(latent: Any, shape: tuple[int, int, int], momentum: float, dropout: float) -> Any:
    """Dense projection of a latent vector to a feature map, normalised for each feature before it gets its shape.

    Args:
        latent: (N, dimension).
        shape: height, width and channels of the map.
        momentum: of the batch statistics.
        dropout: rate after the activation; 0 for none.

    Returns:
        (N, height, width, channels).
    """
    height, width, channels = shape
    # no bias here or below: the normalization that follows would take it away again
    hidden = layers.Dense(height * width * channels, use_bias=False, name="projection")(latent)
    hidden = FusedBatchNormalization(momentum=momentum, name="projection_normalization")(hidden)
    hidden = layers.ReLU(name="projection_activation")(hidden)
    hidden = layers.Reshape(shape, name="projection_map")(hidden)
    return layers.Dropout(dropout, name="projection_dropout")(hidden) if dropout else hidden


def generator_block(features: Any, width: int, kernel_size: int, enlarge: bool, momentum: float, name: str) -> Any:
    """Convolution (after doubling the resolution if `enlarge`), batch normalization, ReLU.

    Args:
        features: (N, H, W, C).
        width: channels of the result.
        kernel_size: of the convolution at the resulting resolution.
        enlarge: whether H and W double first, by nearest neighbour.
        momentum: of the batch statistics.
        name: prefix of the layers' names.
    """
    convolution = (
        UpsampledConv2D(width, kernel_size, use_bias=False, name=f"{name}_convolution")
        if enlarge
        else layers.Conv2D(width, kernel_size, padding="same", use_bias=False, name=f"{name}_convolution")
    )
    hidden = FusedBatchNormalization(momentum=momentum, name=f"{name}_normalization")(convolution(features))
    return layers.ReLU(name=f"{name}_activation")(hidden)


def discriminator_block(features: Any, width: int, kernel_size: int, stride: int, slope: float, dropout: float, name: str) -> Any:
    """Strided convolution, LeakyReLU, dropout.

    Args:
        features: (N, H, W, C).
        width: channels of the result.
        kernel_size: of the convolution.
        stride: by which height and width shrink, rounding up.
        slope: of LeakyReLU below zero.
        dropout: rate; 0 for none.
        name: prefix of the layers' names.
    """
    hidden = layers.Conv2D(width, kernel_size, strides=stride, padding="same", name=f"{name}_convolution")(features)
    hidden = layers.LeakyReLU(negative_slope=slope, name=f"{name}_activation")(hidden)
    return layers.Dropout(dropout, name=f"{name}_dropout")(hidden) if dropout else hidden
