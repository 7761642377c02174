"""Convolutions of small maps as products of Fourier coefficients, for processors.

Convolving is multiplying coefficient by coefficient. A direct convolution with k × k taps takes k² multiplications for each pixel and
pair of channels; here each coefficient takes a few, and there are about as many coefficients as pixels, whatever k is. The transforms
before and after do not mix channels, and since the maps are small, they are products with small matrices of sines and cosines. So all
of it is matrix products: at the processor's own rate, in bfloat16 too, with gradients of any order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf


class Transforms(NamedTuple):
    """The constant matrices of one convolution, all real.

    P rows and Q columns leave room for what a centred kernel carries over the border; it is cut off afterwards. Along the height the
    frequencies are (2j + 1)π / P: for real pixels all of their coefficients come in conjugate pairs, so one of each pair, P / 2 of them,
    holds everything. Along the width they are 2πj / Q. A complex product is made of three real ones, ac, bd and (a + b)(c + d) (Gauss),
    so there are R = P / 2 · Q · 3 real products.

    Attributes:
        rows: (P, H), along the height: from pixels to P / 2 pairs of real and imaginary parts.
        columns: (3Q, 2W), along the width: from W pairs of parts to real part, imaginary part and their sum for each frequency.
        taps: (R, k, k), from a kernel's taps to the same three for each pair of frequencies.
        columns_back: (2W, 3Q), from the three products for each frequency to W pairs of parts.
        rows_back: (H, P), from P / 2 pairs of parts to pixels.
    """

    rows: np.ndarray
    columns: np.ndarray
    taps: np.ndarray
    columns_back: np.ndarray
    rows_back: np.ndarray


@lru_cache(maxsize=64)
def transforms(height: int, width: int, num_taps: int) -> Transforms:
    """Build the matrices for maps of height × width pixels and centred kernels of num_taps × num_taps, an odd number; float32."""
    half = num_taps // 2
    num_rows, num_columns = height + half + (height + half) % 2, width + half
    row_angles = np.pi * (2 * np.arange(num_rows // 2) + 1) / num_rows
    column_angles = 2 * np.pi * np.arange(num_columns) / num_columns
    row_waves = np.exp(-1j * np.outer(row_angles, np.arange(height)))
    column_waves = np.exp(-1j * np.outer(column_angles, np.arange(width)))
    # tap t reads the pixel t - half places further on
    offsets = np.arange(num_taps) - half
    taps = np.einsum("jt,lu->jltu", np.exp(1j * np.outer(row_angles, offsets)), np.exp(1j * np.outer(column_angles, offsets)))
    parts = np.stack([column_waves, 1j * column_waves], axis=-1)  # what real and imaginary parts contribute: (Q, W, 2)
    # of the products ac, bd and (a + b)(c + d) the complex one is ac - bd + i((a + b)(c + d) - ac - bd)
    products = np.einsum("lw,m->wlm", column_waves.conj() / num_columns, np.array([1 - 1j, -1 - 1j, 1j]))
    rows_back = row_waves.conj().T * 2 / num_rows  # twice the real part stands for the other of each pair
    matrices = (
        np.stack([row_waves.real, row_waves.imag], axis=1).reshape(num_rows, height),
        # parts first, then columns, as the rows' transform leaves them
        _three(parts.transpose(0, 2, 1)).reshape(3 * num_columns, 2 * width),
        _three(taps.reshape(-1, num_taps, num_taps)).reshape(-1, num_taps, num_taps),
        np.stack([products.real, products.imag]).reshape(2 * width, 3 * num_columns),
        np.stack([rows_back.real, -rows_back.imag], axis=2).reshape(height, num_rows),
    )
    return Transforms(*(matrix.astype(np.float32) for matrix in matrices))


def _three(coefficients: np.ndarray) -> np.ndarray:
    """(J, …) complex to (J, 3, …): real part, imaginary part, their sum."""
    return np.stack([coefficients.real, coefficients.imag, coefficients.real + coefficients.imag], axis=1)


def convolve(images: Any, kernel: Any, phases: np.ndarray | None = None) -> tf.Tensor:
    """Convolve with stride 1, zeros around the border and as many pixels as before, as `tf.nn.conv2d(images, kernel, 1, "SAME")` does.

    Args:
        images: (N, H, W, C); all but N known.
        kernel: (k, k, C, F), of the same dtype.
        phases: (M, taps, taps, k, k), from a kernel to M others, which are applied side by side; None for the kernel itself.

    Returns:
        (H, W, N, M · F), images after pixels, as the last transform leaves them; filters of one phase side by side.
    """
    _, height, width, channels = images.shape
    size, filters = kernel.shape[0], kernel.shape[3]
    if phases is None:
        phases = np.eye(size * size, dtype=np.float32).reshape(1, size, size, size, size)
    num_phases, num_taps = phases.shape[:2]
    maps = transforms(height, width, num_taps)
    num_rows, num_products = len(maps.rows), len(maps.taps)
    of_kernel = np.einsum("rtu,mtuyx->mryx", maps.taps, phases).reshape(-1, size * size)

    def multiply(matrix: np.ndarray, operand: tf.Tensor) -> tf.Tensor:
        return tf.matmul(tf.constant(matrix, images.dtype), operand)

    # pixels first and images last: so every transform is one product of a small matrix with a long one
    pixels = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (height, -1))
    parts = tf.reshape(multiply(maps.rows, pixels), (num_rows // 2, 2 * width, -1))
    coefficients = tf.reshape(multiply(maps.columns[np.newaxis], parts), (num_products, -1, channels))

    kernels = tf.reshape(multiply(of_kernel, tf.reshape(kernel, (size * size, -1))), (num_phases, num_products, channels, filters))
    kernels = tf.reshape(tf.transpose(kernels, (1, 2, 0, 3)), (num_products, channels, num_phases * filters))

    products = tf.reshape(tf.matmul(coefficients, kernels), (num_rows // 2, len(maps.columns), -1))
    parts = tf.reshape(multiply(maps.columns_back[np.newaxis], products), (num_rows, -1))
    return tf.reshape(multiply(maps.rows_back, parts), (height, width, -1, num_phases * filters))


def is_cheaper(height: int | None, width: int | None, channels: int, filters: int, num_taps: int) -> bool:
    """Whether this way takes fewer multiplications than the direct one; those of the transforms, which wait for memory, count twice.

    Args:
        height: of the map; None if unknown.
        width: of the map; None if unknown.
        channels: in.
        filters: channels out, of all phases.
        num_taps: of the kernel as it is applied, in each direction.
    """
    if not height or not width:
        return False
    maps = transforms(height, width, num_taps)
    per_channel = maps.rows.size * width + len(maps.rows) // 2 * maps.columns.size
    return len(maps.taps) * channels * filters + 2 * per_channel * (channels + filters) < height * width * num_taps**2 * channels * filters
