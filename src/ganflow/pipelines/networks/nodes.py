"""Nodes that turn the architecture tables into networks on paper."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ganflow.config.networks import NetworksParameters
from ganflow.data.fingerprint import Fingerprint, counts_of_classes


def build_networks(parameters: NetworksParameters, data_fingerprint: Fingerprint) -> dict[str, Any]:
    """Build both networks for the images at hand, check that they fit each other, and describe them."""
    from ganflow import networks

    generator, discriminator = networks.build_pair(parameters, tuple(data_fingerprint["image_shape"]), counts_of_classes(data_fingerprint))
    rows = networks.layer_table([networks.instantiate(described) for described in (generator, discriminator)])
    return {"generator_architecture": generator, "discriminator_architecture": discriminator, "layer_table": pd.DataFrame(rows)}
