"""The folded upsampling convolution equals the plain pair of layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.networks.upsampling import UpsampledConv2D, folding_matrix


def plain_pair(kernel: np.ndarray, bias: np.ndarray) -> keras.Sequential:
    convolution = keras.layers.Conv2D(kernel.shape[3], kernel.shape[0], padding="same")
    pair = keras.Sequential([keras.layers.UpSampling2D(2, interpolation="nearest"), convolution])
    pair.build((None, None, None, kernel.shape[2]))
    convolution.set_weights([kernel, bias])
    return pair


@settings(max_examples=15)
@given(
    kernel_size=st.sampled_from([1, 3, 5, 7]),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_equals_upsampling_then_convolution_gradients_included(kernel_size, height, width, channels, filters, seed):
    random = np.random.default_rng(seed)
    inputs = tf.constant(random.normal(size=(2, height, width, channels)), tf.float32)
    kernel = random.normal(size=(kernel_size, kernel_size, channels, filters)).astype(np.float32)
    bias = random.normal(size=filters).astype(np.float32)
    at_outputs = tf.constant(random.normal(size=(2, 2 * height, 2 * width, filters)), tf.float32)
    folded = UpsampledConv2D(filters, kernel_size)
    folded.build(inputs.shape)
    folded.set_weights([kernel, bias])
    results = []
    for layer in (folded, plain_pair(kernel, bias)):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        results.append([outputs, *tape.gradient(outputs, [inputs, *layer.trainable_variables], at_outputs)])
    for folded_result, plain_result in zip(*results, strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(plain_result))))
        np.testing.assert_allclose(folded_result / scale, plain_result / scale, atol=1e-5)


def test_folding_matrix_of_three_taps_by_hand():
    # phase 0 reads enlarged pixels 2m-1, 2m, 2m+1, which are small pixels m-1, m, m; phase 1 reads 2m, 2m+1, 2m+2: m, m, m+1
    assert folding_matrix(3).tolist() == [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]]


@given(kernel_size=st.integers(0, 20).map(lambda half: 2 * half + 1))
def test_every_tap_is_used_once_in_each_phase(kernel_size):
    assert (folding_matrix(kernel_size).sum(axis=1) == 1).all()


def test_five_taps_cost_36_instead_of_100():
    # 3 × 3 taps for each of 4 phases, against 5 × 5 taps at each of 4 enlarged pixels
    assert 4 * folding_matrix(5).shape[1] ** 2 == 36


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match="odd.*got 4"):
        UpsampledConv2D(3, 4)


def test_survives_a_keras_file(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 2)), UpsampledConv2D(3, 5)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    inputs = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
