"""Nodes that turn the architecture tables into networks on paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ganflow.config import NetworksParameters


def build_networks(parameters: NetworksParameters, data_fingerprint: dict[str, Any]) -> dict[str, Any]:
    """Build both networks for the images at hand, check that they fit each other, and describe them."""
    from ganflow import networks

    height, width, channels = data_fingerprint["image_shape"]
    generator = networks.build_generator(parameters.generator, parameters.latent, (height, width, channels))
    discriminator = networks.build_discriminator(parameters.discriminator, (height, width, channels))
    networks.check_pair(generator, discriminator)
    return {
        "generator_architecture": networks.architecture(generator),
        "discriminator_architecture": networks.architecture(discriminator),
        "layer_table": pd.DataFrame(networks.layer_table([generator, discriminator])),
    }
