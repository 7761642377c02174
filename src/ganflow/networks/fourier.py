"""Convolutions of small maps as products of Fourier coefficients, for processors.

A k × k convolution takes k² multiplications for each pixel and pair of channels. On Fourier coefficients it takes 1.5 for each pixel of
the map with its margin, whatever k is: convolving is multiplying coefficient by coefficient. The transforms before and after act on each
channel alone, and at these sizes they are products with small constant matrices. So all of it is matrix products: at the processor's
own rate, in bfloat16 too, with gradients of any order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

MAX_COEFFICIENTS = 2**24
"""Of a kernel. They are kept in memory for the gradients, 64 MiB in float32; large maps of many channels would take gigabytes."""

TYPICAL_BATCH = 64
"""Images in a call, where their number is unknown; they share the transform of the kernel."""


class Transforms(NamedTuple):
    """The constant matrices of one convolution, all real.

    P rows and Q columns leave room for what a centred kernel carries over the border; it is cut off afterwards. Along the height the
    frequencies are (2j + 1)π / P: none is its own conjugate, as 0 and π are, so for real pixels half of them, P / 2, hold everything; what
    wraps round the border returns with its sign flipped, into rows that are cut off. Along the width they are 2πj / Q. A complex product
    is made of three real ones, ac, bd and (a + b)(c + d) (Gauss), so there are R = P / 2 · Q · 3 real products.

    Attributes:
        rows: (P, H), along the height: from pixels to P / 2 pairs of real and imaginary part.
        columns: (3Q, 2W), along the width: from W real parts followed by W imaginary ones to real part, imaginary part and their sum for
            each frequency.
        kernel: (R, k, k), from taps to the same three for each pair of frequencies.
        columns_back: (2W, 3Q), along the width: from three products for each frequency to W real parts followed by W imaginary ones.
        rows_back: (H, P), along the height: from P / 2 pairs of real and imaginary part to pixels.
    """

    rows: np.ndarray
    columns: np.ndarray
    kernel: np.ndarray
    columns_back: np.ndarray
    rows_back: np.ndarray


@lru_cache(maxsize=64)
def transforms(height: int, width: int, num_taps: int) -> Transforms:
    """Build the matrices for maps of height × width pixels and centred kernels of num_taps × num_taps, an odd number; float32."""
    half = num_taps // 2
    num_rows, num_columns = height + half + (height + half) % 2, width + half  # P and Q
    row_angles = np.pi * (2 * np.arange(num_rows // 2) + 1) / num_rows
    column_angles = 2 * np.pi * np.arange(num_columns) / num_columns
    row_waves = np.exp(-1j * np.outer(row_angles, np.arange(height)))
    column_waves = np.exp(-1j * np.outer(column_angles, np.arange(width)))
    # tap t reads the pixel t - half places further on
    offsets = np.arange(num_taps) - half
    kernel = np.einsum("jt,lu->jltu", np.exp(1j * np.outer(row_angles, offsets)), np.exp(1j * np.outer(column_angles, offsets)))
    # what real and imaginary parts contribute: (Q, 2, W)
    columns = np.stack([column_waves, 1j * column_waves], axis=1)
    # of the products ac, bd and (a + b)(c + d) the complex one is ac - bd + i((a + b)(c + d) - ac - bd)
    columns_back = np.einsum("lw,m->wlm", column_waves.conj() / num_columns, np.array([1 - 1j, -1 - 1j, 1j]))
    # twice the real part stands for both of each conjugate pair
    rows_back = 2 * row_waves.conj().T / num_rows
    matrices = (
        np.stack([row_waves.real, row_waves.imag], axis=1).reshape(num_rows, height),
        _gauss_terms(columns).reshape(3 * num_columns, 2 * width),
        _gauss_terms(kernel.reshape(-1, num_taps, num_taps)).reshape(-1, num_taps, num_taps),
        np.stack([columns_back.real, columns_back.imag]).reshape(2 * width, 3 * num_columns),
        np.stack([rows_back.real, -rows_back.imag], axis=2).reshape(height, num_rows),
    )
    return Transforms(*(matrix.astype(np.float32) for matrix in matrices))


def _gauss_terms(coefficients: np.ndarray) -> np.ndarray:
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
    matrices = transforms(height, width, num_taps)
    num_rows, num_products = len(matrices.rows), len(matrices.kernel)  # P and R
    kernel_matrix = np.einsum("rtu,mtuyx->mryx", matrices.kernel, phases).reshape(-1, size * size)

    def multiply(matrix: np.ndarray, operand: tf.Tensor) -> tf.Tensor:
        return tf.matmul(tf.constant(matrix, images.dtype), operand)

    # pixels first, images and channels after them: so every transform is one product of a small matrix with a long one
    pixels = tf.reshape(tf.transpose(images, (1, 2, 0, 3)), (height, -1))
    parts = tf.reshape(multiply(matrices.rows, pixels), (num_rows // 2, 2 * width, -1))
    coefficients = tf.reshape(multiply(matrices.columns[np.newaxis], parts), (num_products, -1, channels))

    kernels = tf.reshape(multiply(kernel_matrix, tf.reshape(kernel, (size * size, -1))), (num_phases, num_products, channels, filters))
    kernels = tf.reshape(tf.transpose(kernels, (1, 2, 0, 3)), (num_products, channels, num_phases * filters))

    products = tf.reshape(tf.matmul(coefficients, kernels), (num_rows // 2, len(matrices.columns), -1))
    parts = tf.reshape(multiply(matrices.columns_back[np.newaxis], products), (num_rows, -1))
    return tf.reshape(multiply(matrices.rows_back, parts), (height, width, -1, num_phases * filters))


def is_cheaper(shape: Any, kernel_size: int, filters: int, num_taps: int | None = None) -> bool:
    """Whether `convolve` takes fewer multiplications than the direct way, in bounded memory.

    Those of the transforms of images count twice, since they wait for memory.

    Args:
        shape: of the images, (N, H, W, C); None for what is unknown, and with H or W unknown the answer is no.
        kernel_size: k.
        filters: of all phases together.
        num_taps: of the kernels that are applied, in each direction, if they are not the kernel itself.
    """
    num_images, height, width, channels = shape
    if not height or not width:
        return False
    num_taps = num_taps or kernel_size
    matrices = transforms(height, width, num_taps)
    num_products = len(matrices.kernel)
    of_transforms = (channels + filters) * (matrices.rows.size * width + len(matrices.rows) // 2 * matrices.columns.size)
    of_kernel = num_products * kernel_size**2 * channels * filters / (num_images or TYPICAL_BATCH)
    cost = num_products * channels * filters + 2 * of_transforms + of_kernel
    return num_products * channels * filters <= MAX_COEFFICIENTS and cost < height * width * num_taps**2 * channels * filters
