"""The generator's convolutions equal the plain layers, computed either way."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.networks import fourier
from ganflow.networks.convolution import (
    METHODS,
    PaddedConv3D,
    SameConv2D,
    UpsampledConv2D,
    UpsampledConv3D,
    folding_matrix,
    transposed_folding_matrix,
)


def plain_pair(kernel: np.ndarray, bias: np.ndarray) -> keras.Sequential:
    *sides, channels, filters = kernel.shape
    upsampling, convolution = {
        2: (keras.layers.UpSampling2D(2), keras.layers.Conv2D(filters, sides[0], padding="same")),
        3: (keras.layers.UpSampling3D(2), keras.layers.Conv3D(filters, sides[0], padding="same")),
    }[len(sides)]
    pair = keras.Sequential([upsampling, convolution])
    pair.build((None, *[None] * len(sides), channels))
    convolution.set_weights([kernel, bias])
    return pair


def results(layer: keras.Layer, inputs: tf.Tensor, at_outputs: tf.Tensor) -> list[tf.Tensor]:
    """Outputs and gradients."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    return [outputs, *tape.gradient(outputs, [inputs, *layer.trainable_variables], at_outputs)]


def assert_same(found: list[tf.Tensor], expected: list[tf.Tensor]) -> None:
    for found_one, expected_one in zip(found, expected, strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(expected_one))))
        np.testing.assert_allclose(found_one / scale, expected_one / scale, atol=1e-5)


@settings(max_examples=15)
@given(
    kernel_size=st.sampled_from([1, 3, 5, 7]),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    method=st.sampled_from(METHODS),
    seed=st.integers(0, 2**31),
)
def test_equals_upsampling_then_convolution_gradients_included(kernel_size, height, width, channels, filters, method, seed):
    random = np.random.default_rng(seed)
    inputs = tf.constant(random.normal(size=(2, height, width, channels)), tf.float32)
    kernel = random.normal(size=(kernel_size, kernel_size, channels, filters)).astype(np.float32)
    bias = random.normal(size=filters).astype(np.float32)
    at_outputs = tf.constant(random.normal(size=(2, 2 * height, 2 * width, filters)), tf.float32)
    folded = UpsampledConv2D(filters, kernel_size, method=method)
    folded.build(inputs.shape)
    folded.set_weights([kernel, bias])
    with pytest.MonkeyPatch.context() as patch:
        # tiny maps would be convolved directly whatever is asked for
        patch.setattr(fourier, "is_cheaper", lambda *_: True)
        found = results(folded, inputs, at_outputs)
    assert_same(found, results(plain_pair(kernel, bias), inputs, at_outputs))


@settings(max_examples=10)
@given(
    kernel_size=st.sampled_from([1, 3, 5]),
    sides=st.tuples(*[st.integers(1, 4)] * 3),
    channels=st.integers(1, 3),
    filters=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_in_three_axes_too_it_equals_upsampling_then_convolution(kernel_size, sides, channels, filters, seed):
    random = np.random.default_rng(seed)
    inputs = tf.constant(random.normal(size=(2, *sides, channels)), tf.float32)
    kernel = random.normal(size=(*[kernel_size] * 3, channels, filters)).astype(np.float32)
    bias = random.normal(size=filters).astype(np.float32)
    at_outputs = tf.constant(random.normal(size=(2, *(2 * side for side in sides), filters)), tf.float32)
    folded = UpsampledConv3D(filters, kernel_size)
    folded.build(inputs.shape)
    folded.set_weights([kernel, bias])
    assert_same(results(folded, inputs, at_outputs), results(plain_pair(kernel, bias), inputs, at_outputs))


def test_both_methods_of_a_convolution_without_upsampling_agree_with_keras():
    random = np.random.default_rng(0)
    inputs = tf.constant(random.normal(size=(16, 7, 5, 24)), tf.float32)
    at_outputs = tf.constant(random.normal(size=(16, 7, 5, 24)), tf.float32)
    plain = keras.layers.Conv2D(24, 5, padding="same")
    plain.build(inputs.shape)
    assert fourier.is_cheaper(inputs.shape, 5, 24)
    for method in METHODS:
        layer = SameConv2D(24, 5, method=method)
        layer.build(inputs.shape)
        layer.set_weights(plain.get_weights())
        assert_same(results(layer, inputs, at_outputs), results(plain, inputs, at_outputs))


@pytest.mark.parametrize(("method", "products"), [("direct", 0), ("fourier", 2)])
def test_the_method_is_the_one_that_runs(method, products):
    layers = [SameConv2D(24, 5, method=method), UpsampledConv2D(24, 5, method=method)]
    for layer in layers:
        layer.build((None, 7, 7, 24))
    graph = tf.function(lambda inputs: [layer(inputs) for layer in layers]).get_concrete_function(tf.TensorSpec((None, 7, 7, 24))).graph
    kinds = [operation.type for operation in graph.get_operations()]
    # one product of coefficients for each convolution, and one transform back and one forth along the width
    assert kinds.count("BatchMatMulV2") == 3 * products
    assert kinds.count("Conv2D") == 2 - products


def test_even_kernels_are_convolved_directly():
    inputs = tf.ones((1, 7, 7, 24))
    layer = SameConv2D(24, 4, method="fourier")
    layer.build(inputs.shape)
    np.testing.assert_array_equal(layer(inputs), tf.nn.conv2d(inputs, layer.kernel, 1, "SAME"))


@pytest.mark.parametrize("layer", [SameConv2D, UpsampledConv2D])
def test_unknown_methods_are_refused(layer):
    with pytest.raises(ValueError, match="one of direct, fourier; got 'winograd'"):
        layer(3, 5, method="winograd")


@pytest.mark.parametrize(
    "options", [{"strides": 2}, {"padding": "valid"}, {"dilation_rate": 2}, {"groups": 3}, {"data_format": "channels_first"}]
)
def test_what_is_not_of_the_same_size_is_refused(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"SameConv2D has {name}=.*; got .*Use keras.layers.Conv2D"):
        SameConv2D(3, 5, **options)


def test_files_from_before_there_were_two_methods_load():
    old = {"module": "ganflow.networks.upsampling", "class_name": "UpsampledConv2D", "registered_name": "ganflow>UpsampledConv2D"}
    config = UpsampledConv2D(3, 5).get_config()
    del config["method"]
    assert keras.saving.deserialize_keras_object(old | {"config": config}).method == "direct"


def test_folding_matrix_of_three_taps_by_hand():
    # phase 0 reads enlarged pixels 2m-1, 2m, 2m+1, which are small pixels m-1, m, m; phase 1 reads 2m, 2m+1, 2m+2: m, m, m+1
    assert folding_matrix(3).tolist() == [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]]


@given(kernel_size=st.integers(0, 20).map(lambda half: 2 * half + 1))
def test_every_tap_is_used_once_in_each_phase(kernel_size):
    assert (folding_matrix(kernel_size).sum(axis=1) == 1).all()


def test_five_taps_cost_36_instead_of_100():
    # 3 × 3 taps for each of 4 phases, against 5 × 5 taps at each of 4 enlarged pixels
    assert 4 * folding_matrix(5).shape[1] ** 2 == 36


def test_transposed_folding_matrix_of_three_taps_by_hand():
    # small pixel m is enlarged pixels 2m and 2m+1; large pixel 2m-1 reads the first by its last tap, 2m both by the last two, and so on
    assert transposed_folding_matrix(3).tolist() == [[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]]


@given(kernel_size=st.integers(0, 20).map(lambda half: 2 * half + 1))
def test_every_tap_is_used_once_for_each_of_the_two_pixels_that_one_becomes(kernel_size):
    assert (transposed_folding_matrix(kernel_size).sum(axis=0) == 2).all()


@pytest.mark.parametrize(("kernel_size", "folded", "plain"), [(3, 64, 216), (5, 216, 1000)])
def test_in_three_axes_folding_saves_two_thirds_or_more(kernel_size, folded, plain):
    # 27 or 125 taps at each of the 8 enlarged pixels
    assert 8 * kernel_size**3 == plain
    assert len(transposed_folding_matrix(kernel_size)) ** 3 == folded


@pytest.mark.parametrize("layer", [UpsampledConv2D, UpsampledConv3D])
def test_even_kernels_are_refused(layer):
    with pytest.raises(ValueError, match="odd.*got 4"):
        layer(3, 4)


@pytest.mark.parametrize("layer", [SameConv2D, UpsampledConv2D])
def test_survives_a_keras_file(tmp_path, layer):
    model = keras.Sequential([keras.Input((7, 7, 24)), layer(24, 5, method="fourier")])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.layers[0].method == "fourier"
    inputs = np.random.default_rng(0).normal(size=(2, 7, 7, 24)).astype(np.float32)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def test_three_axes_survive_a_keras_file(tmp_path):
    model = keras.Sequential([keras.Input((2, 3, 4, 2)), UpsampledConv3D(3, 5)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    inputs = np.random.default_rng(0).normal(size=(2, 2, 3, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert model.output_shape == (None, 4, 6, 8, 3)


@settings(max_examples=15)
@given(
    kernel_size=st.integers(1, 5),
    length=st.integers(1, 4),
    side=st.integers(1, 5),
    stride=st.sampled_from([1, 2]),
    seed=st.integers(0, 2**31),
)
def test_zeros_of_its_own_change_nothing(kernel_size, length, side, stride, seed):
    inputs = tf.constant(np.random.default_rng(seed).normal(size=(2, length, side, side + 1, 3)), tf.float32)
    padded, plain = (kind(4, kernel_size, strides=stride, padding="same") for kind in (PaddedConv3D, keras.layers.Conv3D))
    outputs = padded(inputs)
    plain.build(inputs.shape)
    plain.set_weights(padded.get_weights())
    at_outputs = tf.random.stateless_normal(outputs.shape, seed=(seed, 1))
    assert_same(results(padded, inputs, at_outputs), results(plain, inputs, at_outputs))


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_gradient_in_bfloat16_is_that_of_float32_but_for_rounding(length):
    inputs = tf.random.stateless_normal((16, length, 4, 4, 64), seed=(0, 0))
    at_outputs = tf.random.stateless_normal((16, length, 4, 4, 64), seed=(0, 1))
    layers = [PaddedConv3D(64, 3, padding="same", use_bias=False, dtype=dtype) for dtype in ("mixed_bfloat16", "float32")]
    for layer in layers:
        layer.build(inputs.shape)
    layers[0].set_weights(layers[1].get_weights())
    exact = results(layers[1], inputs, at_outputs)[2]
    # memory that is not initialised differs from one call to the next
    for _ in range(4):
        rounded = results(layers[0], inputs, tf.cast(at_outputs, tf.bfloat16))[2]
        # 8 bits of each factor: about 2⁻⁹·√2 = 0.3 % of the length
        assert float(tf.norm(tf.cast(rounded, tf.float32) - exact) / tf.norm(exact)) < 0.01
