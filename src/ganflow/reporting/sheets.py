"""Images and clips arranged to be looked at."""

from __future__ import annotations

import math

import numpy as np

from ganflow.errors import ConfigurationError, DataError


def tile(images: np.ndarray, num_columns: int, padding: int = 1, background: int = 0) -> np.ndarray:
    """One sheet of images, filled row by row, with gaps between them and none around; of clips, such a sheet for each of their frames.

    Args:
        images: uint8 (N, H, W, C), or clips (N, T, H, W, C); N at least 1.
        num_columns: images in a row; the sheet is that wide even if there are fewer images.
        padding: width of a gap in pixels.
        background: 0 to 255, of the gaps and of the cells that the last row leaves empty.

    Returns:
        uint8 (rows·(H + padding) − padding, num_columns·(W + padding) − padding, C), of clips with T before it; contiguous.

    Raises:
        DataError: if the images have another dtype or rank, or there are none.
        ConfigurationError: if the number of columns, the padding or the background is out of range.
    """
    _check_tile(images, num_columns, padding, background)
    num_images, *frames, height, width, num_channels = images.shape
    num_rows = math.ceil(num_images / num_columns)
    cell_height, cell_width = height + padding, width + padding
    cells = np.full((num_rows * num_columns, *frames, cell_height, cell_width, num_channels), background, dtype=np.uint8)
    cells[:num_images, ..., :height, :width, :] = images
    # rows before the pixel rows of a cell, columns before its pixel columns, the frames before both
    rows = np.moveaxis(cells.reshape(num_rows, num_columns, *cells.shape[1:]), (0, 1), (-5, -3))
    sheet = rows.reshape(*frames, num_rows * cell_height, num_columns * cell_width, num_channels)
    # every cell brought its own gap: the ones at the right and at the bottom go
    return np.ascontiguousarray(sheet[..., : num_rows * cell_height - padding, : num_columns * cell_width - padding, :])


def film_strip(clips: np.ndarray, padding: int = 1, background: int = 0) -> np.ndarray:
    """A row for each clip, a column for each frame: motion on paper.

    Args:
        clips: uint8 (N, T, H, W, C), N at least 1.
        padding: width of a gap in pixels.
        background: 0 to 255, of the gaps.

    Returns:
        uint8 (N·(H + padding) − padding, T·(W + padding) − padding, C).

    Raises:
        DataError: if the clips have another dtype or rank, or there are none.
        ConfigurationError: if the padding or the background is out of range.
    """
    if clips.ndim != 5:
        raise DataError(
            f"Got {clips.dtype} clips of shape {clips.shape}, expected uint8 (N, T, H, W, C). Images have no frames to lay out."
        )
    return tile(clips.reshape(-1, *clips.shape[2:]), clips.shape[1], padding, background)


def _check_tile(images: np.ndarray, num_columns: int, padding: int, background: int) -> None:
    if images.dtype != np.uint8 or images.ndim not in (4, 5) or images.size == 0:
        raise DataError(
            f"Got {images.dtype} images of shape {images.shape}, expected uint8 (N, H, W, C), or clips (N, T, H, W, C), and at least one."
        )
    if num_columns < 1 or padding < 0 or not 0 <= background <= 255:
        raise ConfigurationError(
            f"Got {num_columns} columns, padding {padding}, background {background}; expected at least 1 column, no negative padding, "
            f"a background of 0 to 255. Correct the one out of range."
        )
