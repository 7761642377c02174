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
from ganflow.networks.convolution import PaddedConv3D, SameConv2D, UpsampledConv2D, UpsampledConv3D
from ganflow.networks.hashing import check_record, hash_weights
from ganflow.networks.latent import Latent, draw_inputs, draw_sheet_inputs
from ganflow.networks.normalization import FusedBatchNormalization
from ganflow.networks.pixels import pixel_range, scale_pixels, to_pixels
from ganflow.networks.spectral import SpectralConv2D, SpectralConv3D, SpectralDense
from ganflow.networks.streams import Composition, Foreground, Mask

__all__ = [
    "Architecture",
    "AskedClass",
    "Composition",
    "Foreground",
    "FusedBatchNormalization",
    "Latent",
    "Mask",
    "OwnClass",
    "PaddedConv3D",
    "SameConv2D",
    "SpectralConv2D",
    "SpectralConv3D",
    "SpectralDense",
    "UpsampledConv2D",
    "UpsampledConv3D",
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
