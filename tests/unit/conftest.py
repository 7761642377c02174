"""Two logical processors, so that what replicas share can be tested on any machine."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def two_devices() -> None:
    import tensorflow as tf

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture
def without_dropout(networks_parameters):
    """Architectures whose dropout is off: it draws other masks in another precision or compiler, and the same ones on every replica."""
    from ganflow import networks

    parts = networks_parameters.generator, networks_parameters.discriminator
    generator, discriminator = (part.model_copy(update={"dropout": 0.0}) for part in parts)
    return (
        networks.architecture(networks.build_generator(generator, networks_parameters.latent, (8, 8, 1))),
        networks.architecture(networks.build_discriminator(discriminator, (8, 8, 1))),
    )
