"""Losses by hand arithmetic."""

import math

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from ganflow.errors import ConfigurationError
from ganflow.losses.adversarial import LOSSES, find_loss


def column(*values: float) -> tf.Tensor:
    return tf.constant(values, tf.float32)[:, None]


def test_logistic_loss_by_hand():
    real, fake = column(0.0, 2.0), column(-1.0, 3.0)
    # generator: mean of log(1 + e^1) and log(1 + e^-3)
    assert float(LOSSES["logistic"].generator(real, fake)) == pytest.approx((math.log1p(math.e) + math.log1p(math.exp(-3))) / 2)
    # discriminator: mean of log 2 and log(1 + e^-2), plus mean of log(1 + e^-1) and log(1 + e^3)
    expected = (math.log(2) + math.log1p(math.exp(-2))) / 2 + (math.log1p(math.exp(-1)) + math.log1p(math.exp(3))) / 2
    assert float(LOSSES["logistic"].discriminator(real, fake)) == pytest.approx(expected)


def test_logistic_loss_equals_binary_cross_entropy_on_probabilities():
    real, fake = column(0.3, -1.2, 2.0), column(0.1, -0.4, 1.5)
    cross_entropy = tf.keras.losses.BinaryCrossentropy()
    expected = cross_entropy(tf.ones((3, 1)), tf.sigmoid(real)) + cross_entropy(tf.zeros((3, 1)), tf.sigmoid(fake))
    assert float(LOSSES["logistic"].discriminator(real, fake)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@given(real=st.floats(-3, 3), fake=st.floats(-3, 3))
def test_the_players_pull_fake_logits_in_opposite_directions(name, real, fake):
    real_logits, fake_logits = column(real), column(fake)
    slopes = []
    for player in (LOSSES[name].generator, LOSSES[name].discriminator):
        with tf.GradientTape() as tape:
            tape.watch(fake_logits)
            value = player(real_logits, fake_logits)
        slopes.append(float(tape.gradient(value, fake_logits)[0, 0]))
    assert slopes[0] < 0 < slopes[1]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_names_its_source(name):
    assert LOSSES[name].source.startswith("arXiv:")


def test_unknown_losses_are_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"Unknown loss 'wgan'.*\['logistic'.*training\.loss"):
        find_loss("wgan")
