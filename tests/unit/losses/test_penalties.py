"""Gradient penalties against closed forms."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganflow.losses.penalties import around, between, gradient_penalty, logits_and_squared_gradient_norms


@settings(max_examples=25)
@given(weights=arrays(np.float32, (2, 2, 1), elements=st.floats(-2, 2, width=16)))
def test_a_linear_discriminator_has_the_squared_norm_of_its_weights(weights):
    # D(x) = w·x, so the gradient is w at every image
    images = tf.random.stateless_uniform((3, 2, 2, 1), (0, 0))
    logits, norms = logits_and_squared_gradient_norms(lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3))[:, None], images)
    np.testing.assert_allclose(norms, np.full(3, (weights**2).sum()), rtol=1e-5)
    np.testing.assert_allclose(logits[:, 0], (images.numpy() * weights).sum(axis=(1, 2, 3)), rtol=1e-5, atol=1e-5)


def test_a_quadratic_discriminator_by_hand():
    # D(x) = ½‖x‖² has gradient x: images of four ones and of four threes have 4 · 1 and 4 · 9
    images = tf.constant([1.0, 3.0])[:, None, None, None] * tf.ones((1, 2, 2, 1))
    _, norms = logits_and_squared_gradient_norms(lambda x: 0.5 * tf.reduce_sum(x**2, axis=(1, 2, 3))[:, None], images)
    assert norms.numpy().tolist() == pytest.approx([4.0, 36.0])


def test_its_own_gradient_is_the_second_derivative():
    # D(x) = a·½‖x‖²: squared norm a²‖x‖², whose derivative in a is 2a‖x‖² = 2·3·4
    scale = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        _, norms = logits_and_squared_gradient_norms(
            lambda x: scale * 0.5 * tf.reduce_sum(x**2, axis=(1, 2, 3))[:, None], tf.ones((5, 2, 2, 1))
        )
        norm = tf.reduce_mean(norms)
    assert float(tape.gradient(norm, scale)) == pytest.approx(24.0)


def test_what_has_no_axis_between_is_refused():
    with pytest.raises(ValueError, match="rank 3 or more"):
        logits_and_squared_gradient_norms(lambda x: x, tf.ones((3, 4)))


@pytest.mark.parametrize("points", [between, lambda images, noise, share: around(images, noise, share, 1.0)])
def test_a_share_of_another_rank_would_be_one_of_frames(points):
    clips = tf.ones((3, 3, 2, 2, 1))
    points(clips, clips, tf.ones((3, 1, 1, 1, 1)))
    with pytest.raises(ValueError, match=r"Got a share of shape \(3, 1, 1, 1\)"):
        points(clips, clips, tf.ones((3, 1, 1, 1)))


@pytest.mark.parametrize("axes", [(4,), (2, 2), (2, 2, 3)])
def test_any_number_of_axes_lies_between_batch_and_channels(axes):
    # D(x) = ½‖x‖² has gradient x: of n ones the squared norm is n, and the penalty (√n - 1)²
    num = int(np.prod(axes)) * 2
    clips = tf.ones((3, *axes, 2))
    _, norms = logits_and_squared_gradient_norms(lambda x: 0.5 * tf.reduce_sum(tf.reshape(x, (3, -1)) ** 2, axis=1)[:, None], clips)
    assert norms.numpy().tolist() == pytest.approx([num] * 3)
    penalty = gradient_penalty(lambda x: 0.5 * tf.reduce_sum(tf.reshape(x, (3, -1)) ** 2, axis=1)[:, None], clips)
    assert float(penalty) == pytest.approx((num**0.5 - 1) ** 2, rel=1e-5)


def half_square(scale):
    return lambda x: scale * 0.5 * tf.reduce_sum(x**2, axis=(1, 2, 3))[:, None]


def test_the_gradient_penalty_by_hand():
    # D(x) = ½‖x‖²: images of four ones and of four threes have norms 2 and 6, so against 1 it is (1 + 25) / 2, against 0 (4 + 36) / 2
    images = tf.constant([1.0, 3.0])[:, None, None, None] * tf.ones((1, 2, 2, 1))
    assert float(gradient_penalty(half_square(1.0), images)) == pytest.approx(13.0)
    assert float(gradient_penalty(half_square(1.0), images, target=0.0)) == pytest.approx(20.0)


def test_the_gradient_penalty_has_a_finite_gradient_where_the_slope_vanishes():
    scale = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(half_square(scale), tf.zeros((2, 2, 2, 1)))
    assert float(penalty) == pytest.approx(1.0, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, scale))


def test_points_between_by_hand():
    # a quarter real, three quarters fake: 0.25 · 8 + 0.75 · 4; all fake; and all but all real
    real, fake = tf.fill((3, 1, 1, 1), 8.0), tf.fill((3, 1, 1, 1), 4.0)
    points = between(real, fake, tf.constant([0.25, 0.0, 1.0])[:, None, None, None])
    assert points[:, 0, 0, 0].numpy().tolist() == [5.0, 4.0, 8.0]


def test_points_around_by_hand():
    # pixels 0 and 4 have standard deviation 2, so full noise adds 1, of which half is taken: 0.5
    real = tf.reshape([0.0, 4.0], (2, 1, 1, 1))
    points = around(real, tf.ones_like(real), tf.constant([0.5, 0.0])[:, None, None, None], tf.constant(2.0))
    assert points[:, 0, 0, 0].numpy().tolist() == [0.5, 4.0]
