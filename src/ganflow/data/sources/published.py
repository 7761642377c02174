"""Sets that are published as four IDX files: MNIST, and Fashion-MNIST, which took its file names from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ganflow.data.images import ImageChunk
from ganflow.data.sources.files import decompress, file_state, read_bytes
from ganflow.data.sources.idx import parse_idx
from ganflow.data.sources.source import Source, chunks_of
from ganflow.errors import ConfigurationError, DataError


@dataclass(frozen=True)
class PublishedSet:
    """One published set.

    Attributes:
        title: for errors.
        source: key of `ganflow.data.sources.SOURCES`.
        checksums: MD5 of each file's uncompressed bytes, by the file's name without `.gz`: a mirror may have compressed it again.
        class_names: in order of the labels.
    """

    title: str
    source: str
    checksums: Mapping[str, str]
    class_names: tuple[str, ...]

    def open(self, location: str | None) -> Source:
        """The set at a location.

        Args:
            location: a folder, or the file://, http:// or https:// URL that the file names are appended to.

        Raises:
            ConfigurationError: if there is no location, or it is a URL of another kind.
            DataError: if it is no folder.
        """
        if not location:
            raise ConfigurationError(
                f"Got data.location {location!r}, expected where the {self.title} files are. Set data.location to their folder or URL "
                "prefix."
            )
        # what a URL has cannot change unnoticed: the sums are published
        state = [[file_state(location, name), checksum] for name, checksum in self.checksums.items()]
        return Source(self.class_names, str(state), chunks_of(partial(self.read, location)))

    def read(self, location: str) -> ImageChunk:
        """The training images, then the test images, these marked as held out; MNIST has 60,000 and 10,000 of 28 × 28 pixels.

        Raises:
            DataError: if a file is missing, cannot be fetched, is damaged or is not the published one.
        """
        train, test = self._read_part(location, "train"), self._read_part(location, "t10k")
        assert train.labels is not None  # noqa: S101 (both parts have labels)
        assert test.labels is not None  # noqa: S101
        return ImageChunk(
            images=np.concatenate([train.images, test.images]),
            labels=np.concatenate([train.labels, test.labels]),
            is_held_out=np.repeat([False, True], [len(train), len(test)]),
        )

    def _read_part(self, location: str, part: str) -> ImageChunk:
        images = self._read_file(location, f"{part}-images-idx3-ubyte")
        labels = self._read_file(location, f"{part}-labels-idx1-ubyte")
        return ImageChunk(images[..., np.newaxis], labels.astype(np.int64))

    def _read_file(self, location: str, name: str) -> np.ndarray:
        content = decompress(read_bytes(location, name), name)
        array = parse_idx(content, name)  # before the checksum: "truncated" says more than "another sum"
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if checksum != self.checksums[name]:
            raise DataError(
                f"{name} is not the file that {self.title} published: got MD5 {checksum} of the uncompressed bytes, expected "
                f"{self.checksums[name]}. {_whose(checksum)}Fetch it again, or correct data.location."
            )
        return array


MNIST = PublishedSet(
    "MNIST",
    "mnist",
    {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    tuple(str(digit) for digit in range(10)),
)
"""Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits"."""

FASHION_MNIST = PublishedSet(
    "Fashion-MNIST",
    "fashion_mnist",
    {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""Source: Xiao, Rasul and Vollgraf, arXiv:1708.07747; the sums are those of the files that Debian's dataset-fashion-mnist carries."""


def _whose(checksum: str) -> str:
    """A sentence, if the file is another set's."""
    owner = next((known for known in (MNIST, FASHION_MNIST) if checksum in known.checksums.values()), None)
    return "" if owner is None else f"It is {owner.title}'s: set data.source={owner.source}, or give the other files. "
