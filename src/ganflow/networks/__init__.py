"""Networks: architecture tables folded into Keras models. Importing this package registers the project's own layers."""

from ganflow.networks.builders import (
    Architecture,
    architecture,
    build_discriminator,
    build_generator,
    check_image_shape,
    instantiate,
    layer_table,
    pixel_range,
)
from ganflow.networks.latent import Latent, draw_latents
from ganflow.networks.upsampling import UpsampledConv2D

__all__ = [
    "Architecture",
    "Latent",
    "UpsampledConv2D",
    "architecture",
    "build_discriminator",
    "build_generator",
    "check_image_shape",
    "draw_latents",
    "instantiate",
    "layer_table",
    "pixel_range",
]
