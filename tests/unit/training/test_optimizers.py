"""Optimizers and their schedules by hand arithmetic."""

import math

import numpy as np
import pytest
import tensorflow as tf

from base_parameters import section
from ganflow.config.training import LearningRateDecay, OptimizerParameters
from ganflow.training.optimizers import build_optimizer, learning_rate


def after_steps(gradients, **parameters):
    """A weight of 1 after one step for each gradient."""
    weight = tf.Variable(1.0)
    optimizer = build_optimizer(section(OptimizerParameters, **parameters), "test")
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [weight])
    return float(weight)


def test_adam_by_hand():
    # first step: m = 0.5 g and v = 0.1 g², both corrected to g and g², so the weight moves by the rate whatever g is
    assert after_steps([3.0], name="adam", learning_rate=0.01, beta_1=0.5, beta_2=0.9) == pytest.approx(1 - 0.01, abs=1e-6)
    # second: m = (0.25 · 3 + 0.5 · 1) / 0.75 = 5/3, v = (0.09 · 9 + 0.1 · 1) / 0.19 = 0.91 / 0.19
    moved = 0.01 + 0.01 * (5 / 3) / math.sqrt(0.91 / 0.19)
    assert after_steps([3.0, 1.0], name="adam", learning_rate=0.01, beta_1=0.5, beta_2=0.9) == pytest.approx(1 - moved, abs=1e-6)


def test_rmsprop_by_hand():
    # v = 0.1 · 2² = 0.4, the weight moves by 0.01 · 2 / √0.4
    expected = 1 - 0.01 * 2 / math.sqrt(0.4)
    assert after_steps([2.0], name="rmsprop", learning_rate=0.01, beta_2=0.9) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("decay", "rates"),
    [
        # a quarter, a half, three quarters, all, all
        (None, [0.25, 0.5, 0.75, 1.0, 1.0]),
        # the same shares of 1 / (1 + step)
        (LearningRateDecay(schedule="inverse_time", decay_rate=1.0), [0.25, 0.5 / 2, 0.75 / 3, 1 / 4, 1 / 5]),
    ],
)
def test_a_warm_up_scales_the_rate(decay, rates):
    # RMSprop without memory moves by its rate, whatever the gradient
    memoryless = {"name": "rmsprop", "beta_2": 0.0, "epsilon": 1e-12, "warmup_steps": 4, "decay": decay}
    for number in range(1, 6):
        moved = 1 - after_steps([3.0] * number, learning_rate=1.0, **memoryless)
        assert moved == pytest.approx(sum(rates[:number]), abs=1e-5)


def test_gradients_are_clipped_by_value():
    clipped = {"name": "rmsprop", "learning_rate": 0.01, "beta_2": 0.9, "epsilon": 1.0}
    # epsilon 1 makes the step depend on the size of the gradient
    assert after_steps([10.0], clip_value=1.0, **clipped) == after_steps([1.0], **clipped) != after_steps([10.0], **clipped)
    assert after_steps([-10.0], clip_value=1.0, **clipped) == after_steps([-1.0], **clipped)


@pytest.mark.parametrize(("step", "share"), [(0, 1.0), (1000, 1 / (1 + 0.001 * 1000)), (9000, 0.1)])
def test_inverse_time_decay_is_that_of_keras_2(step, share):
    schedule = learning_rate(0.5, LearningRateDecay(schedule="inverse_time", decay_rate=0.001))
    assert float(schedule(step)) == pytest.approx(0.5 * share, rel=1e-5)


@pytest.mark.parametrize(("step", "rate"), [(0, 0.5), (10, 0.35), (20, 0.2), (30, 0.2)])
def test_linear_decay_falls_evenly_to_its_final_fraction(step, rate):
    # from 0.5 to 0.4 of it, 0.2, in 20 steps: half of the way is 0.35
    schedule = learning_rate(0.5, LearningRateDecay(schedule="linear", num_steps=20, final_fraction=0.4))
    assert float(schedule(step)) == pytest.approx(rate)


@pytest.mark.parametrize(("step", "share"), [(0, 1.0), (50, 0.1 + 0.9 / 2), (100, 0.1), (200, 0.1)])
def test_cosine_decay_ends_at_its_final_fraction(step, share):
    schedule = learning_rate(0.5, LearningRateDecay(schedule="cosine", num_steps=100, final_fraction=0.1))
    assert float(schedule(step)) == pytest.approx(0.5 * share, rel=1e-5)


def test_the_schedule_reaches_the_optimizer():
    decay = LearningRateDecay(schedule="inverse_time", decay_rate=1.0)
    # with one unchanging gradient and both moments corrected, Adam's steps are the rates: 0.1 / 1, 0.1 / 2, 0.1 / 3
    moved = 1 - after_steps([1.0] * 3, name="adam", learning_rate=0.1, beta_1=0.0, beta_2=0.9, decay=decay)
    assert moved == pytest.approx(0.1 * (1 + 1 / 2 + 1 / 3), rel=1e-4)
    assert np.isfinite(moved)
