"""Sheets: laws of `tile` and `film_strip`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ganflow.errors import ConfigurationError, DataError
from ganflow.reporting.sheets import film_strip, tile

image_batches = npst.arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])))


@given(image_batches, st.integers(1, 9), st.integers(0, 3), st.integers(0, 255))
def test_every_image_is_in_its_cell_and_all_else_is_background(images: np.ndarray, num_columns: int, padding: int, background: int) -> None:
    num_images, height, width, num_channels = images.shape
    sheet = tile(images, num_columns, padding, background)
    num_rows = -(-num_images // num_columns)
    assert sheet.shape == (num_rows * (height + padding) - padding, num_columns * (width + padding) - padding, num_channels)
    assert sheet.dtype == np.uint8
    assert sheet.flags.c_contiguous
    rest = np.ones(sheet.shape, dtype=bool)
    for index, image in enumerate(images):
        row, column = divmod(index, num_columns)
        top, left = row * (height + padding), column * (width + padding)
        window = np.s_[top : top + height, left : left + width]
        np.testing.assert_array_equal(sheet[window], image)
        rest[window] = False
    assert (sheet[rest] == background).all()


clip_batches = npst.arrays(np.uint8, st.tuples(*[st.integers(1, 4)] * 4, st.sampled_from([1, 3])))


@given(clip_batches, st.integers(1, 5), st.integers(0, 2), st.integers(0, 255))
def test_a_sheet_of_clips_is_the_sheet_of_each_of_their_frames(clips: np.ndarray, num_columns: int, padding: int, background: int) -> None:
    sheet = tile(clips, num_columns, padding, background)
    assert sheet.flags.c_contiguous
    frames = [tile(clips[:, frame], num_columns, padding, background) for frame in range(clips.shape[1])]
    np.testing.assert_array_equal(sheet, np.stack(frames))


def test_a_film_strip_has_a_row_for_each_clip_and_a_column_for_each_frame() -> None:
    # clips 1, 2, 3 and 4, 5, 6 of single pixels
    strip = film_strip(np.arange(1, 7, dtype=np.uint8).reshape(2, 3, 1, 1, 1), background=9)
    assert strip[..., 0].tolist() == [[1, 9, 2, 9, 3], [9] * 5, [4, 9, 5, 9, 6]]
    with pytest.raises(DataError, match="Got uint8 clips of shape .*expected uint8"):
        film_strip(np.zeros((2, 3, 3, 1), np.uint8))


def test_three_single_pixels_in_two_columns() -> None:
    sheet = tile(np.array([1, 2, 3], dtype=np.uint8).reshape(3, 1, 1, 1), num_columns=2, background=9)
    assert sheet[..., 0].tolist() == [[1, 9, 2], [9, 9, 9], [3, 9, 9]]


def test_one_image_alone_is_its_own_sheet() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(tile(image, num_columns=1), image[0])


@pytest.mark.parametrize(
    "images",
    [np.zeros((0, 2, 2, 1), np.uint8), np.zeros((2, 2, 1), np.uint8), np.zeros((1, 2, 2, 1), np.float32)],
    ids=["no image", "rank 3", "float"],
)
def test_images_that_cannot_be_tiled_are_described(images: np.ndarray) -> None:
    with pytest.raises(DataError, match=rf"Got {images.dtype} images of shape \({images.shape[0]}, .*expected uint8 \(N, H, W, C\)"):
        tile(images, num_columns=1)


@pytest.mark.parametrize(("num_columns", "padding", "background"), [(0, 1, 0), (1, -1, 0), (1, 0, 256), (1, 0, -1)])
def test_a_layout_out_of_range_is_described(num_columns: int, padding: int, background: int) -> None:
    with pytest.raises(ConfigurationError, match=f"Got {num_columns} columns, padding {padding}, background {background}"):
        tile(np.zeros((1, 2, 2, 1), np.uint8), num_columns, padding, background)
