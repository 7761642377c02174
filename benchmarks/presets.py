"""Networks and training of a preset, for scripts that train without Kedro."""

from pathlib import Path

import yaml

from ganflow import networks
from ganflow.config import NetworksParameters, TrainingParameters

ROOT = Path(__file__).parents[1]


def read_preset(preset: str) -> tuple[NetworksParameters, TrainingParameters]:
    """The sections of `base`, or of a preset whose sections stand on their own."""
    parts = {
        name: yaml.safe_load((ROOT / "conf" / preset / f"parameters_{name}.yml").read_text())[name] for name in ("networks", "training")
    }
    return NetworksParameters.model_validate(parts["networks"]), TrainingParameters.model_validate(parts["training"])


def build_architectures(
    parameters: NetworksParameters, image_shape: tuple[int, int, int]
) -> tuple[networks.Architecture, networks.Architecture]:
    """Generator and discriminator."""
    generator = networks.build_generator(parameters.generator, parameters.latent, image_shape)
    discriminator = networks.build_discriminator(parameters.discriminator, image_shape)
    return networks.architecture(generator), networks.architecture(discriminator)
