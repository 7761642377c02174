"""Networks: architecture tables folded into Keras models. Importing this package registers the project's own layers."""

from ganflow.networks.builders import (
    Architecture,
    architecture,
    build_discriminator,
    build_generator,
    build_pair,
    check_pair,
    instantiate,
    layer_table,
    normalises_batches,
)
from ganflow.networks.conditional import AskedClass, OwnClass
from ganflow.networks.convolution import SameConv2D, UpsampledConv2D
from ganflow.networks.hashing import check_record, hash_weights
from ganflow.networks.latent import Latent, draw_inputs, draw_sheet_inputs
from ganflow.networks.normalization import FusedBatchNormalization
from ganflow.networks.pixels import pixel_range, scale_pixels, to_pixels
from ganflow.networks.spectral import SpectralConv2D, SpectralDense

__all__ = [
    "Architecture",
    "AskedClass",
    "FusedBatchNormalization",
    "Latent",
    "OwnClass",
    "SameConv2D",
    "SpectralConv2D",
    "SpectralDense",
    "UpsampledConv2D",
    "architecture",
    "build_discriminator",
    "build_generator",
    "build_pair",
    "check_pair",
    "check_record",
    "draw_inputs",
    "draw_sheet_inputs",
    "hash_weights",
    "instantiate",
    "layer_table",
    "normalises_batches",
    "pixel_range",
    "scale_pixels",
    "to_pixels",
]
