"""Products of Fourier coefficients are convolutions."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.networks import fourier


def direct(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(images, kernel, 1, "SAME")


def by_coefficients(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.transpose(fourier.convolve(images, kernel), (2, 0, 1, 3))


def normal(random: np.random.Generator, *shape: int) -> tf.Tensor:
    return tf.constant(random.normal(size=shape), tf.float32)


@settings(max_examples=25)
@given(
    size=st.sampled_from([1, 3, 5, 7]),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_equals_the_direct_convolution_gradients_of_both_orders_included(size, height, width, channels, filters, seed):
    random = np.random.default_rng(seed)
    images, kernel = normal(random, 2, height, width, channels), normal(random, size, size, channels, filters)
    at_outputs = normal(random, 2, height, width, filters)
    results = []
    for convolve in (direct, by_coefficients):
        with tf.GradientTape() as outer:
            outer.watch([images, kernel])
            with tf.GradientTape() as inner:
                inner.watch([images, kernel])
                outputs = convolve(images, kernel)
                squares = outputs**2
            first = inner.gradient(squares, [images, kernel], at_outputs)
            slope = tf.reduce_sum(first[0] ** 2)
        results.append([outputs, *first, *outer.gradient(slope, [images, kernel])])
    for found, expected in zip(results[1], results[0], strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(expected))))
        np.testing.assert_allclose(found / scale, expected / scale, atol=2e-5)


def test_one_pixel_and_one_tap_by_hand():
    # P = 1 + 0, made even: 2 rows, one frequency π / 2, whose wave at row 0 is 1; Q = 1: frequency 0. The products of 3 and 5 are
    # ac = 15, bd = 0 and (a + b)(c + d) = 15; back: 2 / P · Re(ac - bd + i · …) = 15
    matrices = fourier.transforms(1, 1, 1)
    assert matrices.rows.tolist() == [[1.0], [0.0]]
    assert matrices.columns.tolist() == [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    assert matrices.kernel.reshape(-1).tolist() == [1.0, 0.0, 1.0]
    assert matrices.columns_back.tolist() == [[1.0, -1.0, 0.0], [-1.0, -1.0, 1.0]]
    assert matrices.rows_back.tolist() == [[1.0, 0.0]]
    assert fourier.convolve(tf.fill((1, 1, 1, 1), 3.0), tf.fill((1, 1, 1, 1), 5.0)).numpy().item() == pytest.approx(15.0)


def test_nothing_comes_back_over_the_border():
    # a bright pixel in a corner, and a kernel that would carry it round to the opposite one
    images = np.zeros((1, 4, 4, 1), np.float32)
    images[0, 0, 0, 0] = 1.0
    found = by_coefficients(tf.constant(images), tf.ones((5, 5, 1, 1))).numpy()[0, :, :, 0]
    # 5 × 5 taps of one around the corner: the 3 × 3 pixels of it that are on the map
    np.testing.assert_allclose(found, np.pad(np.ones((3, 3)), (0, 1)), atol=1e-6)


def test_phases_are_kernels_side_by_side():
    random = np.random.default_rng(0)
    images, kernel = normal(random, 3, 5, 4, 2), normal(random, 3, 3, 2, 4)
    same = np.eye(9, dtype=np.float32).reshape(3, 3, 3, 3)
    mirrored = same[::-1]  # tap (a, b) of the second kernel is tap (2 - a, b) of the first
    both = tf.transpose(fourier.convolve(images, kernel, np.stack([same, mirrored])), (2, 0, 1, 3))
    np.testing.assert_allclose(both, tf.concat([direct(images, kernel), direct(images, kernel[::-1])], -1), atol=1e-5)


def test_bfloat16_loses_no_more_than_a_few_roundings():
    random = np.random.default_rng(0)
    images, kernel = normal(random, 8, 14, 14, 16), normal(random, 5, 5, 16, 16)
    expected = direct(images, kernel)
    errors = [
        float(tf.norm(tf.cast(convolve(tf.cast(images, tf.bfloat16), tf.cast(kernel, tf.bfloat16)), tf.float32) - expected))
        for convolve in (direct, by_coefficients)
    ]
    # bfloat16 has 8 binary digits: rounding to the nearest changes a number by 2⁻⁸ of it at most, cutting off by 2⁻⁷. Operands are
    # rounded. The result of a product is rounded where the processor knows bfloat16, and cut off by TensorFlow where it does not.
    # Directly: two operands and one result, 2 · 2⁻⁸ + 2⁻⁷ = 2⁻⁶. By coefficients: images, kernel and five matrices, and the results of
    # five products and of the kernel's, 7 · 2⁻⁸ + 6 · 2⁻⁷ = 19 · 2⁻⁸
    direct_error, error = (value / float(tf.norm(expected)) for value in errors)
    assert 0 < direct_error < 2**-6
    assert 0 < error < 19 * 2**-8


def test_number_of_images_may_be_unknown():
    kernel = normal(np.random.default_rng(0), 3, 3, 2, 2)
    compiled = tf.function(lambda images: by_coefficients(images, kernel)).get_concrete_function(tf.TensorSpec((None, 4, 4, 2)))
    images = normal(np.random.default_rng(1), 5, 4, 4, 2)
    np.testing.assert_allclose(compiled(images), direct(images, kernel), atol=1e-5)


def test_multiplications_are_counted():
    # 7 × 7, three taps: P = 8 rows, Q = 8 columns, R = 4 · 8 · 3 = 96 products, against 49 · 9 = 441.
    # Transforms, for each channel: rows 8 · 7 · 7 = 392, columns 4 · 24 · 14 = 1,344
    assert len(fourier.transforms(7, 7, 3).kernel) == 96
    # with c channels in and out, and 96 · 9 / N = 9 c² for the kernel: 105 c² + 2 · 1,736 · 2c < 441 c², so c > 6,944 / 336 = 20.7
    assert [fourier.is_cheaper((96, 7, 7, width), 3, width) for width in (20, 21)] == [False, True]


def test_a_few_images_are_not_worth_the_transform_of_the_kernel():
    # as above with 256 channels: 96 + 864 / N + 2 · 1,736 · 2 / 256 = 27 below 441, so N > 864 / 318 = 2.7
    assert [fourier.is_cheaper((num, 7, 7, 256), 3, 256) for num in (2, 3, None)] == [False, True, True]


def test_single_taps_and_unknown_sizes_are_convolved_directly():
    assert not fourier.is_cheaper((64, 7, 7, 256), 1, 256)
    assert not fourier.is_cheaper((64, None, 7, 256), 3, 256)


def test_memory_is_bounded():
    # 64 × 64, three taps: P = 66, Q = 65, R = 33 · 65 · 3 = 6,435; times 128 · 64 coefficients, 52.7 million: 201 MiB in float32
    assert len(fourier.transforms(64, 64, 3).kernel) == 6_435
    assert not fourier.is_cheaper((64, 64, 64, 128), 3, 64)
    # 16 × 16: P = 18, Q = 17, R = 9 · 17 · 3 = 459; times 128 · 256, 15 million
    assert fourier.is_cheaper((64, 16, 16, 128), 3, 256)
