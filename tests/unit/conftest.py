"""Networks that unit tests compare with each other."""

import pytest


@pytest.fixture(scope="session")
def without_dropout(networks_parameters):
    """Architectures whose dropout is off: it draws other masks in another precision or compiler, and the same ones on every replica."""
    from ganflow import networks

    parts = networks_parameters.generator, networks_parameters.discriminator
    generator, discriminator = (part.model_copy(update={"dropout": 0.0}) for part in parts)
    return (
        networks.architecture(networks.build_generator(generator, networks_parameters.latent, (8, 8, 1))),
        networks.architecture(networks.build_discriminator(discriminator, (8, 8, 1))),
    )


@pytest.fixture(scope="session")
def wide(networks_parameters):
    """Architectures wide enough for Fourier coefficients to be cheaper, for 64 images of 8 × 8 pixels; without dropout."""
    from ganflow import networks

    stages = [
        {"divisor": 4, "width": 48},
        {"divisor": 2, "width": 48, "kernel_size": 5},
        {"divisor": 2, "width": 48, "kernel_size": 5},
        {"divisor": 1, "width": 4, "kernel_size": 3},
    ]
    parts = networks_parameters.model_dump()
    parts["generator"] |= {"stages": stages, "dropout": 0.0}
    parts["discriminator"] |= {"dropout": 0.0}
    return networks.build_pair(type(networks_parameters).model_validate(parts), (8, 8, 1))
