"""Sheets and bytes: laws of `tile` and `to_uint8`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ganflow.data.images import tile, to_uint8
from ganflow.errors import ConfigurationError, DataError

image_batches = npst.arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])))
value_ranges = st.sampled_from([(0.0, 1.0), (-1.0, 1.0)])


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


@given(value_ranges, st.sampled_from([np.float32, np.float64]))
def test_every_byte_comes_back(value_range: tuple[float, float], dtype: type[np.floating]) -> None:
    low, high = value_range
    every_byte = np.arange(256, dtype=np.uint8)
    scaled = (low + (high - low) * every_byte / 255).astype(dtype)
    np.testing.assert_array_equal(to_uint8(scaled, value_range), every_byte)


@given(value_ranges, npst.arrays(np.float64, st.integers(0, 20), elements=st.floats(-3, 3)))
def test_the_byte_is_the_nearest_to_the_clipped_value(value_range: tuple[float, float], values: np.ndarray) -> None:
    low, high = value_range
    exact = 255 * (np.clip(values, low, high) - low) / (high - low)
    pixels = to_uint8(values, value_range)
    assert pixels.dtype == np.uint8
    # half a step, and the rounding of float32 at 255: 255·2⁻²³ < 1e-4
    assert np.abs(pixels - exact).max(initial=0) <= 0.5 + 1e-4


def test_values_are_rounded_not_cut_off() -> None:
    # 0.999·255 = 254.7, 0.4/255·255 = 0.4, 0.6/255·255 = 0.6
    assert to_uint8(np.array([0.999, 0.4 / 255, 0.6 / 255]), (0.0, 1.0)).tolist() == [255, 0, 1]


def test_values_outside_the_range_are_clipped_not_wrapped() -> None:
    assert to_uint8(np.array([-0.1, 1.1, 1e30], dtype=np.float32), (0.0, 1.0)).tolist() == [0, 255, 255]
    # on (-1, 1), 0 is the middle: 127.5, which rounds to the even 128
    assert to_uint8(np.array([-1.5, 0.0, 1.5], dtype=np.float32), (-1.0, 1.0)).tolist() == [0, 128, 255]


def test_the_shape_stays_and_the_argument_is_not_changed() -> None:
    images = np.full((2, 3, 4, 1), 2.0, dtype=np.float32)
    assert to_uint8(images, (0.0, 1.0)).shape == (2, 3, 4, 1)
    assert (images == 2.0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(bad: float) -> None:
    with pytest.raises(DataError, match="Got 2 pixels of 3 that are not finite"):
        to_uint8(np.array([bad, 0.5, bad], dtype=np.float32), (0.0, 1.0))


def test_bytes_are_not_scaled_again() -> None:
    with pytest.raises(DataError, match="Got uint8 pixels, expected floating-point"):
        to_uint8(np.array([0, 1, 255], dtype=np.uint8), (0.0, 1.0))


@pytest.mark.parametrize("value_range", [(1.0, 0.0), (0.0, 0.0), (0.0, np.inf), (np.nan, 1.0)])
def test_a_range_without_extent_is_an_error(value_range: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="expected two finite numbers, the lower first"):
        to_uint8(np.array([0.5]), value_range)
