"""The pieces that the builders fold over a table: each takes a tensor and returns a tensor.

Whether it has two axes, height and width, or three, time before them, decides which layers it goes through.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from keras import layers

from ganflow.config.networks import DiscriminatorParameters, DiscriminatorStage, GeneratorParameters, GeneratorStage
from ganflow.networks.convolution import PaddedConv3D, SameConv2D, UpsampledConv2D, UpsampledConv3D
from ganflow.networks.normalization import FusedBatchNormalization
from ganflow.networks.spectral import SpectralConv2D, SpectralConv3D

Kind = Callable[..., layers.Layer]


class Kinds(NamedTuple):
    """Kinds of layers for maps of as many axes.

    Attributes:
        convolution: with any stride.
        same: of stride 1, in the generator.
        upsampled: after the nearest pixel.
        transposed: with any stride.
        spectral: `convolution` with spectral normalization.
        enlarging: to the nearest pixel.
        pooling: mean over squares or cubes.
    """

    convolution: Kind
    same: Kind
    upsampled: Kind
    transposed: Kind
    spectral: Kind
    enlarging: Kind
    pooling: Kind


_KINDS = {
    2: Kinds(
        layers.Conv2D,
        SameConv2D,
        UpsampledConv2D,
        layers.Conv2DTranspose,
        SpectralConv2D,
        layers.UpSampling2D,
        layers.AveragePooling2D,
    ),
    3: Kinds(
        PaddedConv3D,
        PaddedConv3D,
        UpsampledConv3D,
        layers.Conv3DTranspose,
        SpectralConv3D,
        layers.UpSampling3D,
        layers.AveragePooling3D,
    ),
}


def kinds_for(features: Any) -> Kinds:
    """The layers for (N, H, W, C), or for (N, T, H, W, C)."""
    return _KINDS[len(features.shape) - 2]


def project(latent: Any, shape: tuple[int, ...], parameters: GeneratorParameters, name: str = "projection") -> Any:
    """Dense projection of a latent vector to a feature map, normalised for each feature before it gets its shape.

    Args:
        latent: (N, dimension).
        shape: sides and channels of the map.
        parameters: of the network.
        name: of the projection, prefix of what follows.

    Returns:
        (N, *shape).
    """
    # no bias here or below: the normalization that follows would take it away again
    hidden = layers.Dense(math.prod(shape), use_bias=False, name=name)(latent)
    hidden = FusedBatchNormalization(momentum=parameters.batch_normalization_momentum, name=f"{name}_normalization")(hidden)
    hidden = layers.ReLU(name=f"{name}_activation")(hidden)
    hidden = layers.Reshape(shape, name=f"{name}_map")(hidden)
    return layers.Dropout(parameters.dropout, name=f"{name}_dropout")(hidden) if parameters.dropout else hidden


def generator_block(features: Any, stage: GeneratorStage, parameters: GeneratorParameters, name: str) -> Any:
    """Convolution, batch normalization, ReLU; before the ReLU, what comes in is added, if the network is residual.

    Args:
        features: (N, …, C).
        stage: row of the table; if it doubles, the result is twice as large in every direction.
        parameters: of the network.
        name: prefix of the layers' names.
    """
    kinds = kinds_for(features)
    options: dict[str, Any] = {"use_bias": False, "name": f"{name}_convolution"}
    if stage.double:
        convolution = _doubling_convolution(kinds, stage.width, stage.kernel_size, parameters, **options)
    else:
        convolution = kinds.same(stage.width, stage.kernel_size, padding="same", **options)
    momentum = parameters.batch_normalization_momentum
    hidden = FusedBatchNormalization(momentum=momentum, name=f"{name}_normalization")(convolution(features))
    if parameters.residual:
        shortcut = kinds.same(stage.width, 1, padding="same", use_bias=False, name=f"{name}_shortcut")(features)
        if stage.double:
            shortcut = kinds.enlarging(name=f"{name}_shortcut_doubled")(shortcut)
        hidden = layers.Add(name=f"{name}_sum")([hidden, shortcut])
    return layers.ReLU(name=f"{name}_activation")(hidden)


def output_convolution(features: Any, filters: int, parameters: GeneratorParameters, name: str) -> Any:
    """Convolution to what is shown, which may double what comes in: (N, …, C) to (N, …, filters)."""
    kinds, kernel_size = kinds_for(features), parameters.output_kernel_size
    if parameters.output_doubles:
        return _doubling_convolution(kinds, filters, kernel_size, parameters, name=name)(features)
    return kinds.convolution(filters, kernel_size, padding="same", name=name)(features)


def halves(features: Any, name: str) -> Any:
    """Means over the halves of a map along every axis, side by side: (N, H, W, C) to (N, 4·C), (N, T, H, W, C) to (N, 8·C)."""
    sizes = tuple(-(-side // 2) for side in features.shape[1:-1])
    means = kinds_for(features).pooling(sizes, padding="same", name=f"{name}_means")(features)
    return layers.Flatten(name=name)(means)


def _doubling_convolution(kinds: Kinds, filters: int, kernel_size: int, parameters: GeneratorParameters, **options: Any) -> layers.Layer:
    if parameters.upsampling == "transposed":
        return kinds.transposed(filters, kernel_size, strides=2, padding="same", **options)
    return kinds.upsampled(filters, kernel_size, **options)


def discriminator_block(features: Any, stage: DiscriminatorStage, parameters: DiscriminatorParameters, is_first: bool, name: str) -> Any:
    """Convolution, normalization, LeakyReLU, dropout; the second and the last only if the network has them.

    A residual network adds what comes in, and halves the variance of the sum (1912.04958, appendix B).

    Args:
        features: (N, …, C).
        stage: row of the table.
        parameters: of the network.
        is_first: of the table, which neither normalises pixels, on one scale already, nor adds them.
        name: prefix of the layers' names.
    """
    kinds = kinds_for(features)
    convolution = kinds.spectral if parameters.spectral_normalization else kinds.convolution
    normalization = "none" if is_first else parameters.normalization
    strides, use_bias = 1 + stage.halve, normalization == "none"
    hidden = convolution(stage.width, stage.kernel_size, strides=strides, padding="same", use_bias=use_bias, name=f"{name}_convolution")(
        features
    )
    if normalization == "batch":
        # next to clipped weights Keras's own epsilon, a hundred times larger, would be all that there is to divide by
        hidden = FusedBatchNormalization(momentum=0.9, epsilon=1.001e-5, name=f"{name}_normalization")(hidden)
    elif normalization == "layer":
        # one group: statistics over all of a map, a scale and a centre for each channel
        hidden = layers.GroupNormalization(groups=1, name=f"{name}_normalization")(hidden)
    hidden = layers.LeakyReLU(negative_slope=parameters.leaky_slope, name=f"{name}_activation")(hidden)
    if parameters.residual and not is_first:
        if stage.halve:
            features = kinds.pooling(2, padding="same", name=f"{name}_shortcut_halved")(features)
        shortcut = convolution(stage.width, 1, use_bias=False, name=f"{name}_shortcut")(features)
        hidden = layers.Rescaling(math.sqrt(0.5), name=f"{name}_scale")(layers.Add(name=f"{name}_sum")([hidden, shortcut]))
    return layers.Dropout(parameters.dropout, name=f"{name}_dropout")(hidden) if parameters.dropout else hidden
