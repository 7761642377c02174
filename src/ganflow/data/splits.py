"""Which images are held out: drawn by a hash of their own pixels, so that others never change it."""

from __future__ import annotations

import hashlib

import numpy as np

from ganflow.errors import ConfigurationError

_DIGEST_BYTES = 16


def image_digest(image: np.ndarray) -> bytes:
    """BLAKE2b of the pixels of one image, uint8 (H, W, C); 16 bytes. Images of one set are equal if and only if their digests are."""
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=_DIGEST_BYTES).digest()


def image_digests(images: np.ndarray) -> np.ndarray:
    """The first 8 bytes of each image's digest, as uint64 (N,).

    Two of a million different images are taken for equal with a probability of 3 in 10⁸.
    """
    return np.fromiter((int.from_bytes(image_digest(image)[:8], "big") for image in images), np.uint64, len(images))


def draw_held_out(image: np.ndarray, share: float, seed: int) -> bool:
    """Whether one image is held out, which is so for about `share` of all images.

    Whichever others there are, it stays where it is, and two images that are equal are never parted.
    """
    drawn = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=8, salt=seed.to_bytes(16, "big")).digest()
    return int.from_bytes(drawn, "big") < share * 2**64


def share_missing(source: str) -> ConfigurationError:
    """The error of a source that has no test split of its own, where no share is to be held out."""
    return ConfigurationError(
        f"Got data.held_out_share null, expected a share: the source '{source}' has no test split of its own. Set data.held_out_share, "
        "for example to 0.2."
    )
