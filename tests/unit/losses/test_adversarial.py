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
# where neither the hinge is flat nor least squares has passed a label
@given(real=st.floats(-3, 3), fake=st.floats(0.05, 0.95))
def test_the_players_pull_fake_logits_in_opposite_directions(name, real, fake):
    real_logits, fake_logits = column(real), column(fake)
    slopes = []
    for player in (LOSSES[name].generator, LOSSES[name].discriminator):
        with tf.GradientTape() as tape:
            tape.watch(fake_logits)
            value = player(real_logits, fake_logits)
        slopes.append(float(tape.gradient(value, fake_logits)[0, 0]))
    assert slopes[0] < 0 < slopes[1]


REAL, FAKE = (1.5, -0.5), (0.5, -2.0)


def log_sigmoid(value):
    return -math.log1p(math.exp(-value))


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        # mean of log(1 - σ(0.5)) and log(1 - σ(-2)); the discriminator's is the logistic one
        (
            "minimax",
            (log_sigmoid(-0.5) + log_sigmoid(2.0)) / 2,
            -(log_sigmoid(1.5) + log_sigmoid(-0.5)) / 2 - (log_sigmoid(-0.5) + log_sigmoid(2.0)) / 2,
        ),
        # ½ mean of 0.5² and 3²; ½ mean of 0.5² and 1.5² plus ½ mean of 0.5² and 2²
        ("least_squares", (0.25 + 9.0) / 4, (0.25 + 2.25) / 4 + (0.25 + 4.0) / 4),
        # -mean of 0.5 and -2; mean of max(0, -0.5) and 1.5 plus mean of 1.5 and max(0, -1)
        ("hinge", 0.75, 0.75 + 0.75),
        # -mean of fake; mean of fake -0.75 minus mean of real 0.5
        ("wasserstein", 0.75, -0.75 - 0.5),
        # pairs differ by 1.5 - 0.5 = 1 and -0.5 + 2 = 1.5
        ("relativistic", -(log_sigmoid(-1.0) + log_sigmoid(-1.5)) / 2, -(log_sigmoid(1.0) + log_sigmoid(1.5)) / 2),
    ],
)
def test_losses_by_hand(name, generator, discriminator):
    loss = LOSSES[name]
    assert float(loss.generator(column(*REAL), column(*FAKE))) == pytest.approx(generator, rel=1e-5)
    assert float(loss.discriminator(column(*REAL), column(*FAKE))) == pytest.approx(discriminator, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_only_a_loss_that_compares_reads_the_real_logits(name):
    values = {float(LOSSES[name].generator(column(real), column(0.3))) for real in (-1.0, 1.0)}
    assert (len(values) == 2) == LOSSES[name].compares


def test_smoothing_by_hand():
    # label 0.9: 0.9 · softplus(-1.5) + 0.1 · softplus(1.5), and softplus(0.5) of the fake as ever
    smoothed = find_loss("logistic", 0.1).discriminator(column(1.5), column(0.5))
    assert float(smoothed) == pytest.approx(-0.9 * log_sigmoid(1.5) - 0.1 * log_sigmoid(-1.5) - log_sigmoid(-0.5), rel=1e-5)
    # ½(1.5 - 0.9)² + ½ · 0.5²
    assert float(find_loss("least_squares", 0.1).discriminator(column(1.5), column(0.5))) == pytest.approx(0.18 + 0.125, rel=1e-5)


def test_the_best_logit_under_smoothing_is_the_log_odds_of_the_label():
    logit = tf.Variable([[math.log(0.9 / 0.1)]])
    with tf.GradientTape() as tape:
        value = find_loss("logistic", 0.1).discriminator(logit, column(0.0))
    assert float(tape.gradient(value, logit)[0, 0]) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["hinge", "wasserstein", "relativistic"])
def test_smoothing_without_labels_is_refused(name):
    with pytest.raises(ConfigurationError, match=rf"'{name}' teaches no labels.*'least_squares', 'logistic', 'minimax'"):
        find_loss(name, 0.1)


@pytest.mark.parametrize(
    ("name", "smoothing", "scale"),
    [
        ("logistic", 0.0, 2 * math.log(2)),
        ("relativistic", 0.0, math.log(2)),
        ("hinge", 0.0, 2.0),
        ("least_squares", 0.0, 0.25),
        # of labels of 0.5 the floor is the entropy of a coin, and a discriminator that cannot tell takes 0.25 for the share of real ones
        ("logistic", 0.5, -2 * (0.25 * math.log(0.25) + 0.75 * math.log(0.75)) - math.log(2)),
        ("wasserstein", 0.0, 1.0),
    ],
)
def test_the_scale_of_a_loss_is_its_way_from_floor_to_guessing(name, smoothing, scale):
    loss = find_loss(name, smoothing)
    assert loss.scale == pytest.approx(scale)
    assert loss.has_floor == (name != "wasserstein")


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_names_its_source(name):
    assert LOSSES[name].source.startswith("arXiv:")


def test_unknown_losses_are_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"Unknown loss 'wgan'.*\['hinge', .*'wasserstein'\].*training\.loss"):
        find_loss("wgan")


@pytest.mark.parametrize(
    ("name", "smoothing", "expected"),
    [
        # above and below 0: of 1.5, -0.5 and 0.5, -2, one real and one fake
        ("logistic", 0.0, 0.5),
        # with labels of ½: above and below log(½ / 1½) = -1.1, both real ones and one fake
        ("logistic", 0.5, 0.75),
        ("minimax", 0.0, 0.5),
        ("hinge", 0.0, 0.5),
        # above and below ½: one real, one fake; below 0.5 · 0.8 = 0.4 too
        ("least_squares", 0.0, 0.5),
        ("least_squares", 0.2, 0.5),
        # pairs: 1.5 > 0.5 and -0.5 > -2
        ("wasserstein", 0.0, 1.0),
        ("relativistic", 0.0, 1.0),
    ],
)
def test_accuracy_by_hand(name, smoothing, expected):
    assert float(find_loss(name, smoothing).accuracy(column(*REAL), column(*FAKE))) == expected


@pytest.mark.parametrize(("name", "smoothing"), [("least_squares", 0.0), ("least_squares", 0.2)])
def test_who_tells_all_apart_by_least_squares_has_an_accuracy_of_one(name, smoothing):
    label = 1.0 - smoothing
    logits = column(label + 0.01, label - 0.01), column(0.01, -0.01)
    assert float(find_loss(name, smoothing).accuracy(*logits)) == 1.0


@pytest.mark.parametrize("name", ["wasserstein", "relativistic"])
def test_an_offset_of_all_logits_is_no_accuracy(name):
    assert float(find_loss(name).accuracy(column(7.0, 8.0), column(6.0, 9.0))) == 0.5
