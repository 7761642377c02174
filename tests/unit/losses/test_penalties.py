"""Gradient penalties against closed forms."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganflow.losses.penalties import logits_and_squared_gradient_norm


@settings(deadline=None, max_examples=25)
@given(weights=arrays(np.float32, (2, 2, 1), elements=st.floats(-2, 2, width=16)))
def test_a_linear_discriminator_has_the_squared_norm_of_its_weights(weights):
    # D(x) = w·x, so the gradient is w at every image
    images = tf.random.stateless_uniform((3, 2, 2, 1), (0, 0))
    logits, norm = logits_and_squared_gradient_norm(lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3))[:, None], images)
    assert float(norm) == pytest.approx(float((weights**2).sum()), rel=1e-5)
    np.testing.assert_allclose(logits[:, 0], (images.numpy() * weights).sum(axis=(1, 2, 3)), rtol=1e-5, atol=1e-5)


def test_a_quadratic_discriminator_by_hand():
    # D(x) = ½‖x‖² has gradient x: images of four ones and of four threes give (4 + 36) / 2
    images = tf.constant([1.0, 3.0])[:, None, None, None] * tf.ones((1, 2, 2, 1))
    _, norm = logits_and_squared_gradient_norm(lambda x: 0.5 * tf.reduce_sum(x**2, axis=(1, 2, 3))[:, None], images)
    assert float(norm) == pytest.approx(20.0)


def test_its_own_gradient_is_the_second_derivative():
    # D(x) = a·½‖x‖²: squared norm a²‖x‖², whose derivative in a is 2a‖x‖² = 2·3·4
    scale = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        _, norm = logits_and_squared_gradient_norm(
            lambda x: scale * 0.5 * tf.reduce_sum(x**2, axis=(1, 2, 3))[:, None], tf.ones((5, 2, 2, 1))
        )
    assert float(tape.gradient(norm, scale)) == pytest.approx(24.0)


def test_other_ranks_are_refused():
    with pytest.raises(ValueError, match="rank 4"):
        logits_and_squared_gradient_norm(lambda x: x, tf.ones((3, 4)))
