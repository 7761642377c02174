"""From what a generator returns to pixels that can be looked at."""

from __future__ import annotations

import math

import numpy as np

from ganflow.errors import ConfigurationError, DataError


def tile(images: np.ndarray, num_columns: int, padding: int = 1, background: int = 0) -> np.ndarray:
    """One sheet of images, filled row by row, with gaps between them and none around.

    Args:
        images: uint8 (N, H, W, C), N at least 1.
        num_columns: images in a row; the sheet is that wide even if there are fewer images.
        padding: width of a gap in pixels.
        background: 0 to 255, of the gaps and of the cells that the last row leaves empty.

    Returns:
        uint8 (rows·(H + padding) − padding, num_columns·(W + padding) − padding, C), contiguous.

    Raises:
        DataError: if the images have another dtype or rank, or there are none.
        ConfigurationError: if the number of columns, the padding or the background is out of range.
    """
    _check_tile(images, num_columns, padding, background)
    num_images, height, width, num_channels = images.shape
    num_rows = math.ceil(num_images / num_columns)
    cell_height, cell_width = height + padding, width + padding
    cells = np.full((num_rows * num_columns, cell_height, cell_width, num_channels), background, dtype=np.uint8)
    cells[:num_images, :height, :width] = images
    rows = cells.reshape(num_rows, num_columns, cell_height, cell_width, num_channels).swapaxes(1, 2)
    sheet = rows.reshape(num_rows * cell_height, num_columns * cell_width, num_channels)
    # every cell brought its own gap: the ones at the right and at the bottom go
    return np.ascontiguousarray(sheet[: num_rows * cell_height - padding, : num_columns * cell_width - padding])


def to_uint8(images: np.ndarray, value_range: tuple[float, float]) -> np.ndarray:
    """Pixels as bytes: rounded to the nearest, and clipped to the range.

    Args:
        images: float, any shape.
        value_range: the values that become 0 and 255, such as (0, 1) for a sigmoid or (-1, 1) for tanh.

    Returns:
        uint8 of the same shape.

    Raises:
        DataError: if the images are not floating-point, or one value is not finite.
        ConfigurationError: if the range is not two finite numbers, the lower first.
    """
    low, high = value_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigurationError(f"Got value range {value_range}, expected two finite numbers, the lower first. Use (0, 1) or (-1, 1).")
    if not np.issubdtype(images.dtype, np.floating):
        raise DataError(f"Got {images.dtype} pixels, expected floating-point ones in {value_range}. Cast them, or keep uint8 as it is.")
    num_bad = images.size - int(np.isfinite(images).sum())
    if num_bad:
        raise DataError(
            f"Got {num_bad} pixels of {images.size} that are not finite, expected values in {value_range}. "
            f"The generator has diverged: take an earlier checkpoint, or train with a lower learning rate."
        )
    shares = (np.clip(images, low, high).astype(np.float32) - low) / (high - low)
    return np.rint(255 * shares).astype(np.uint8)


def _check_tile(images: np.ndarray, num_columns: int, padding: int, background: int) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        raise DataError(f"Got {images.dtype} images of shape {images.shape}, expected uint8 (N, H, W, C), none of them 0. See to_uint8.")
    if num_columns < 1 or padding < 0 or not 0 <= background <= 255:
        raise ConfigurationError(
            f"Got {num_columns} columns, padding {padding}, background {background}; expected at least 1 column, no negative padding, "
            f"a background of 0 to 255. Correct the one out of range."
        )
