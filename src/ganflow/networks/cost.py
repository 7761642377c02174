"""What a network computes for one image."""

from __future__ import annotations

import math

import keras
from keras import layers

from ganflow.networks.convolution import UpsampledConv2D, UpsampledConv3D, folding_matrix, transposed_folding_matrix

_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose, UpsampledConv3D)


def count_operations(model: keras.Model) -> int:
    """Multiplications and additions of a network's convolutions and matrix products for one image, forwards, none by Fourier coefficients.

    A kernel is applied once for every pixel of the map that it makes, or, transposed, of the map that it reads.
    """
    return sum(2 * _num_positions(layer) * _kernel_size(layer) for layer in model.layers if hasattr(layer, "kernel"))


def _num_positions(layer: keras.Layer) -> int:
    reads = layer.input if isinstance(layer, _TRANSPOSED) else layer.output
    return math.prod(reads.shape[1:-1])


def _kernel_size(layer: keras.Layer) -> int:
    """Weights of the kernel as it is applied."""
    *sides, channels, filters = layer.kernel.shape
    if isinstance(layer, UpsampledConv2D):
        sides = [folding_matrix(side).shape[1] for side in sides]
    elif isinstance(layer, UpsampledConv3D):
        sides = [len(transposed_folding_matrix(side)) for side in sides]
    return math.prod(sides) * channels * filters
