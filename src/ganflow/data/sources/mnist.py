"""MNIST from its four published files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from ganflow.data.images import LabelledImages
from ganflow.data.sources.files import decompress, read_bytes
from ganflow.data.sources.idx import parse_idx
from ganflow.errors import ConfigurationError, DataError

# Of the uncompressed bytes: a mirror may have compressed the same file again.
PUBLISHED_MD5: Mapping[str, str] = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def read_mnist(location: str | None, checksums: Mapping[str, str] = PUBLISHED_MD5) -> LabelledImages:
    """MNIST from its four IDX files, plain or gzip-compressed.

    Args:
        location: a folder, or the file://, http:// or https:// URL that the file names are appended to.
        checksums: MD5 of each file's uncompressed bytes, by the file's name without `.gz`.

    Returns:
        The 60,000 training images, then the 10,000 test images, these marked as held out; (70000, 28, 28, 1).

    Raises:
        ConfigurationError: if there is no location, or it is a URL of another kind.
        DataError: if a file is missing, cannot be fetched, is damaged or is not the published one.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    if not location:
        raise ConfigurationError(
            f"Got data.location {location!r}, expected where the MNIST files are. Set data.location to their folder or URL prefix."
        )
    train = _read_mnist_part(location, "train", checksums)
    test = _read_mnist_part(location, "t10k", checksums)
    return LabelledImages(
        images=np.concatenate([train.images, test.images]),
        labels=np.concatenate([train.labels, test.labels]),
        is_held_out=np.repeat([False, True], [len(train.labels), len(test.labels)]),
    )


def _read_mnist_part(location: str, part: str, checksums: Mapping[str, str]) -> LabelledImages:
    """Images and labels of the part `train` or `t10k`."""
    images = _read_idx_file(location, f"{part}-images-idx3-ubyte", checksums)
    labels = _read_idx_file(location, f"{part}-labels-idx1-ubyte", checksums)
    return LabelledImages(images[..., np.newaxis], labels.astype(np.int64))


def _read_idx_file(location: str, name: str, checksums: Mapping[str, str]) -> np.ndarray:
    content = decompress(read_bytes(location, name), name)
    array = parse_idx(content, name)  # before the checksum: "truncated" says more than "another sum"
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if checksum != checksums[name]:
        raise DataError(
            f"{name} is not the published file: got MD5 {checksum} of the uncompressed bytes, expected {checksums[name]}. "
            f"Fetch it again, or correct data.location."
        )
    return array
