"""Two logical processors, so that what replicas share can be tested on any machine."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def two_devices() -> None:
    import tensorflow as tf

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
