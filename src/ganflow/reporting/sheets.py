"""Images arranged to be looked at."""

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


def _check_tile(images: np.ndarray, num_columns: int, padding: int, background: int) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        raise DataError(f"Got {images.dtype} images of shape {images.shape}, expected uint8 (N, H, W, C) and at least one.")
    if num_columns < 1 or padding < 0 or not 0 <= background <= 255:
        raise ConfigurationError(
            f"Got {num_columns} columns, padding {padding}, background {background}; expected at least 1 column, no negative padding, "
            f"a background of 0 to 255. Correct the one out of range."
        )
