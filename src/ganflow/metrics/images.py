"""What a set of images looks like from afar: cheap statistics of pixels, to be read beside those of real images. Of clips, their frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.data.images import check_image_shape
from ganflow.errors import DataError

# pixels this close to black or white are at their limit
_LIMIT = 0.02


@dataclass(frozen=True)
class ImageStatistics:
    """Statistics of a set of images whose pixels are in [0, 1].

    Attributes:
        brightness: mean pixel.
        contrast: standard deviation of pixels about the mean of their own image, root mean square over images.
        midtones: share of pixels that are neither black nor white (within 0.02).
        roughness: mean squared difference of neighbouring pixels over twice their variance: 0 for flat images, 1 for white noise.
        checkerboard: power at the highest frequency, where neighbours alternate, over that of the frequencies just below it: about 1
            for images and for noise alike, larger where upsampling leaves its grid. 1 for images without detail.
        diversity: mean squared difference, per pixel, of two different images; of clips, at the same time.
    """

    brightness: float
    contrast: float
    midtones: float
    roughness: float
    checkerboard: float
    diversity: float


def image_statistics(images: np.ndarray) -> ImageStatistics:
    """Compute the statistics.

    Args:
        images: (N, H, W, C) uint8, or clips (N, T, H, W, C), N at least 2.

    Raises:
        DataError: if they are too few, of a size that cannot be generated either, or no uint8 images.

    Source: own definitions; the grid of upsampling: Odena, Dumoulin, Olah, Deconvolution and Checkerboard Artifacts, Distill 2016.
    """
    if images.ndim not in (4, 5) or images.dtype != np.uint8 or len(images) < 2:
        raise DataError(
            f"Got images of shape {images.shape} and type {images.dtype}, expected uint8 of shape (N, H, W, C), two images at least."
        )
    check_image_shape(images.shape[1:])
    pixels = images.astype(np.float32) / 255
    centred = pixels - pixels.mean(axis=(-3, -2), keepdims=True)
    variance = float(np.mean(centred**2))
    differences = [float(np.mean(np.diff(pixels, axis=axis) ** 2)) for axis in (-3, -2)]
    return ImageStatistics(
        brightness=float(pixels.mean()),
        contrast=variance**0.5,
        midtones=float(np.mean((pixels > _LIMIT) & (pixels < 1 - _LIMIT))),
        roughness=float(np.mean(differences)) / (2 * variance) if variance else 0.0,
        checkerboard=_checkerboard(centred.reshape(-1, *centred.shape[-3:])),
        diversity=2 * float(np.mean(np.var(pixels, axis=0, ddof=1))),
    )


def _checkerboard(centred: np.ndarray) -> float:
    """Power (of (N, H, W, C) images) in the last row and column of frequencies, over that in the two before."""
    ratios = []
    for axis in (1, 2):
        power = np.mean(np.abs(np.fft.rfft(centred, axis=axis)) ** 2, axis=(0, 3 - axis, 3))
        # an odd number of pixels has no alternating frequency of its own; the last one is next to it
        ratios.append((power[-1] + _NO_POWER) / (power[-3:-1].mean() + _NO_POWER))
    return float(max(ratios))


# per pixel row; far below one grey level, so that flat images have a ratio of 1
_NO_POWER = 1e-6


def nearest_distances(images: np.ndarray, others: np.ndarray, skip: np.ndarray | None = None) -> np.ndarray:
    """Root mean squared pixel difference of each image to the nearest of the others, see `find_nearest`.

    Returns:
        (N,) in [0, 1].
    """
    return find_nearest(images, others, skip)[1]


def find_nearest(images: np.ndarray, others: np.ndarray, skip: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of the others for each image, by root mean squared pixel difference.

    Args:
        images: (N, H, W, C) uint8, or clips (N, T, H, W, C).
        others: (M, H, W, C) uint8, or clips.
        skip: (N,), for each image the index of the other that does not count, because it is the image itself; None for none.

    Returns:
        Indices (N,) into the others, and distances (N,) in [0, 1].
    """
    from sklearn.utils import gen_batches

    # whole numbers, of which float64 adds up squares and products exactly: a copy has distance 0
    flat = images.reshape(len(images), -1).astype(np.float64)
    squared_norms = np.sum(flat**2, axis=1)
    nearest, indices = np.full(len(images), np.inf), np.zeros(len(images), dtype=np.int64)
    for rows in gen_batches(len(others), max(1, _BLOCK_VALUES // flat.shape[1])):
        block = others[rows].reshape(-1, flat.shape[1]).astype(np.float64)
        squared = squared_norms[:, None] + np.sum(block**2, axis=1) - 2 * flat @ block.T
        if skip is not None:
            is_here = (skip >= rows.start) & (skip < rows.stop)
            squared[is_here, skip[is_here] - rows.start] = np.inf
        found = squared.argmin(axis=1)
        distances = squared[np.arange(len(images)), found]
        is_nearer = distances < nearest
        nearest[is_nearer], indices[is_nearer] = distances[is_nearer], found[is_nearer] + rows.start
    return indices, np.sqrt(nearest / flat.shape[1]) / 255


# a block of the others takes 64 MiB, whatever their size
_BLOCK_VALUES = 2**23
