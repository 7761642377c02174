"""The fused normalization is Keras's, gradients and running statistics included."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.networks.normalization import FusedBatchNormalization

SMALL = st.integers(1, 4)


def run(layer, inputs, at_outputs, training):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=training)
    gradients = tape.gradient(outputs, [inputs, *layer.trainable_variables], at_outputs)
    return [np.asarray(value) for value in (outputs, *gradients, layer.moving_mean, layer.moving_variance)]


@settings(max_examples=15)
@given(
    shape=st.one_of(st.tuples(st.integers(2, 5), SMALL), st.tuples(st.integers(2, 3), SMALL, SMALL, SMALL)),
    training=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_equals_the_layer_of_keras_in_values_gradients_and_running_statistics(shape, training, seed):
    random = np.random.default_rng(seed)
    inputs, at_outputs = (tf.constant(random.normal(1.0, 2.0, shape), tf.float32) for _ in range(2))
    weights = [random.uniform(0.5, 2.0, shape[-1]) for _ in range(4)]
    results = []
    for kind in (FusedBatchNormalization, keras.layers.BatchNormalization):
        layer = kind(momentum=0.8)
        layer.build(shape)
        layer.set_weights(weights)
        results.append(run(layer, inputs, at_outputs, training))
    for fused, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=2e-4, atol=2e-4)


def test_by_hand():
    # features 1, 3: mean 2, variance 1 (divided by 2); the running mean moves a tenth of the way from 0 to 2, the variance stays at 1
    layer = FusedBatchNormalization(momentum=0.9, epsilon=1e-3)
    outputs = layer(tf.constant([[1.0], [3.0]]), training=True)
    np.testing.assert_allclose(outputs, [[-1 / np.sqrt(1.001)], [1 / np.sqrt(1.001)]], rtol=1e-5)
    np.testing.assert_allclose(layer.moving_mean, [0.2], rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, [1.0], rtol=1e-5)


def test_bfloat16_passes_through_with_float32_statistics():
    layer = FusedBatchNormalization(dtype="mixed_bfloat16")
    assert layer(tf.ones((2, 4, 4, 3), tf.bfloat16), training=True).dtype == tf.bfloat16
    assert {variable.dtype for variable in layer.variables} == {"float32"}


def test_two_replicas_normalise_by_the_statistics_of_the_whole_batch():
    values = np.random.default_rng(0).normal(size=(8, 2, 2, 3)).astype(np.float32)
    alone = FusedBatchNormalization(momentum=0.5)
    expected = alone(tf.constant(values), training=True)
    strategy = tf.distribute.MirroredStrategy(tf.config.list_logical_devices("CPU"))
    assert strategy.num_replicas_in_sync == 2
    with strategy.scope():
        shared = FusedBatchNormalization(momentum=0.5)
        shared.build(values.shape)

    @tf.function
    def normalise():
        def on_replica():
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            return shared(tf.constant(values)[4 * replica : 4 * replica + 4], training=True)

        return strategy.run(on_replica)

    parts = strategy.experimental_local_results(normalise())
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(shared.moving_variance, alone.moving_variance, rtol=1e-4)


@pytest.mark.parametrize("axes", [(), (6,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("training", [True, False])
def test_any_number_of_axes_lies_between_batch_and_channels(axes, training):
    values = np.random.default_rng(0).normal(2, 3, (8, *axes, 5)).astype(np.float32)
    layer, plain = FusedBatchNormalization(momentum=0.5), keras.layers.BatchNormalization(momentum=0.5)
    outputs, expected = layer(tf.constant(values), training=training), plain(tf.constant(values), training=training)
    assert outputs.shape == values.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, plain.moving_variance, rtol=1e-4)


def test_one_group_normalises_each_clip_over_all_axes_but_the_first():
    clips = tf.random.stateless_normal((4, 2, 3, 3, 5), (0, 0), 2.0, 3.0)
    outputs = keras.layers.GroupNormalization(groups=1)(clips).numpy().reshape(4, -1)
    np.testing.assert_allclose(outputs.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(outputs.std(axis=1), 1, atol=1e-3)


@pytest.mark.parametrize("options", [{"axis": 1}, {"scale": False}, {"center": False}, {"renorm": True}])
def test_what_the_kernel_cannot_do_is_refused(options):
    with pytest.raises(ValueError, match=r"use keras\.layers\.BatchNormalization"):
        FusedBatchNormalization(**options)


def test_masks_are_refused():
    with pytest.raises(ValueError, match="takes no mask"):
        FusedBatchNormalization()(tf.ones((2, 3)), mask=tf.ones((2,), tf.bool))


def test_is_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((4,)), FusedBatchNormalization(momentum=0.7)])
    model(tf.random.normal((16, 4)), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    inputs = tf.random.normal((3, 4))
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert loaded.layers[0].momentum == 0.7
