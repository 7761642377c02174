"""Pixels make the round trip between storage and network."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from ganflow.networks import scale_pixels, to_pixels

RANGES = [(0.0, 1.0), (-1.0, 1.0)]


@pytest.mark.parametrize("values", RANGES)
def test_every_pixel_survives_the_round_trip(values):
    pixels = np.arange(256, dtype=np.uint8)
    scaled = scale_pixels(tf.constant(pixels), values)
    assert (float(scaled[0]), float(scaled[-1])) == pytest.approx(values)
    np.testing.assert_array_equal(to_pixels(scaled, values), pixels)


@given(value=st.floats(-1, 1, width=32))
def test_the_nearest_pixel_is_chosen(value):
    # [-1, 1] has 255 steps of 2 / 255, so rounding is off by at most half a step
    pixel = to_pixels(tf.constant([value]), (-1.0, 1.0))
    assert abs(float(scale_pixels(pixel, (-1.0, 1.0))[0]) - value) <= 1 / 255 + 1e-6


@given(value=st.floats(1, 1e6), values=st.sampled_from(RANGES))
def test_what_lies_outside_is_clipped(value, values):
    np.testing.assert_array_equal(to_pixels(tf.constant([-value - 1, value], tf.float32), values), [0, 255])
