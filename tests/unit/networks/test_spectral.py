"""Spectral normalization: the largest singular value becomes one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganflow.networks.spectral import SpectralConv2D, SpectralConv3D, SpectralDense, divide_by_spectral_norm


def settled_direction(kernel, num_steps=200):
    direction = tf.fill((kernel.shape[-1],), kernel.shape[-1] ** -0.5)
    for _ in range(num_steps):
        _, direction = divide_by_spectral_norm(kernel, direction)
    return direction


def test_a_diagonal_matrix_by_hand():
    # singular values 3 and 2
    divided, direction = divide_by_spectral_norm(tf.linalg.diag([3.0, 2.0]), tf.constant([1.0, 0.0]))
    np.testing.assert_allclose(divided, [[1.0, 0.0], [0.0, 2 / 3]], rtol=1e-6)
    np.testing.assert_allclose(direction, [1.0, 0.0])


@pytest.mark.parametrize("shape", [(5, 4), (3, 3, 2, 6)])
def test_repeated_steps_find_the_largest_singular_value(shape):
    kernel = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    divided, _ = divide_by_spectral_norm(kernel, settled_direction(kernel))
    assert np.linalg.norm(np.reshape(divided, (-1, shape[-1])), 2) == pytest.approx(1.0, rel=1e-4)


def test_the_gradient_flows_through_the_norm():
    # W / σ does not change when W is scaled, so its derivative along W is zero
    kernel = tf.Variable(np.random.default_rng(1).normal(size=(4, 3)), dtype=tf.float32)
    direction = settled_direction(kernel)
    with tf.GradientTape() as tape:
        divided, _ = divide_by_spectral_norm(kernel, direction)
        value = tf.reduce_sum(tf.square(divided) * tf.constant([1.0, 2.0, 3.0]))
    assert float(tf.reduce_sum(tape.gradient(value, kernel) * kernel)) == pytest.approx(0.0, abs=1e-4)


@pytest.fixture(params=["convolution", "convolution of clips", "dense"])
def layer_and_shape(request):
    if request.param == "dense":
        return SpectralDense(4), (2, 7)
    if request.param == "convolution of clips":
        return SpectralConv3D(4, 3, padding="same"), (2, 3, 5, 5, 3)
    return SpectralConv2D(4, 3, padding="same"), (2, 5, 5, 3)


def test_only_training_moves_the_direction(layer_and_shape):
    layer, shape = layer_and_shape
    layer.build(shape)
    before = layer.direction.numpy()
    layer(tf.ones(shape), training=False)
    np.testing.assert_array_equal(layer.direction, before)
    layer(tf.ones(shape), training=True)
    assert not np.array_equal(layer.direction, before)
    assert [variable.name for variable in layer.trainable_variables] == ["kernel", "bias"]


def test_equals_the_plain_layer_with_the_divided_kernel(layer_and_shape):
    layer, shape = layer_and_shape
    kind = {SpectralConv2D: keras.layers.Conv2D, SpectralConv3D: keras.layers.Conv3D, SpectralDense: keras.layers.Dense}[type(layer)]
    config = layer.get_config()
    plain = kind.from_config(config)
    layer.build(shape)
    plain.build(shape)
    divided, _ = divide_by_spectral_norm(tf.convert_to_tensor(layer.kernel), tf.convert_to_tensor(layer.direction))
    plain.set_weights([divided, layer.bias])
    inputs = tf.random.stateless_normal(shape, (0, 1))
    np.testing.assert_allclose(layer(inputs, training=False), plain(inputs), rtol=1e-5, atol=1e-6)


def test_mixed_precision_keeps_the_direction_in_float32():
    layer = SpectralConv2D(4, 3, dtype="mixed_bfloat16")
    assert layer(tf.ones((1, 5, 5, 2)), training=True).dtype == tf.bfloat16
    assert layer.direction.dtype == "float32"
