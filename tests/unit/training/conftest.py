"""A run that many tests of training look at."""

import pytest

from ganflow.data.images import ImageSet
from ganflow.training.loop import train


@pytest.fixture(scope="session")
def whole(images, architectures, training_parameters):
    """The reports of an uninterrupted run, of steps 0, 3, 6 and 8."""
    return tuple(train(ImageSet(images), *architectures, training_parameters))
