"""The step does what the algorithm says, to the network it says."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganflow.config.training import GradientPenaltyParameters
from ganflow.losses.adversarial import LOSSES
from ganflow.losses.penalties import gradient_penalty
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch
from ganflow.training.state import create_state
from ganflow.training.step import (
    METRICS,
    Penalties,
    PenaltyOnSlope,
    Seen,
    TrainingStep,
    clip_weights,
    update_average,
    update_discriminator,
    update_generator,
)


@pytest.fixture
def state(architectures, training_parameters):
    return create_state(*architectures, training_parameters)


def copy_of(part):
    return [np.array(variable) for variable in part.variables]


def is_unchanged(part, before):
    return [np.array_equal(np.array(variable), earlier) for variable, earlier in zip(part.variables, before, strict=True)]


@pytest.fixture
def real_images(images):
    return tf.constant(images[:4].astype(np.float32) / 255)


def test_a_discriminator_update_leaves_the_generator_untouched(state, real_images):
    fake_images = state.generator(tf.ones((4, 6)), training=True)
    others = [state.generator, state.average_generator, state.generator_optimizer]
    before, discriminator = [copy_of(part) for part in others], [weight.numpy() for weight in state.discriminator.trainable_weights]
    update_discriminator(state, LOSSES["logistic"], Penalties(r1_weight=1.0), Seen(real_images), Seen(fake_images))
    assert all(all(is_unchanged(part, earlier)) for part, earlier in zip(others, before, strict=True))
    assert all(
        not np.array_equal(weight.numpy(), earlier)
        for weight, earlier in zip(state.discriminator.trainable_weights, discriminator, strict=True)
    )


def test_a_generator_update_leaves_the_discriminator_untouched(state, real_images):
    weights = [weight.numpy() for weight in state.discriminator.trainable_weights]
    others = [state.average_generator, state.discriminator_optimizer]
    before, generator = [copy_of(part) for part in others], [weight.numpy() for weight in state.generator.trainable_weights]
    with tf.GradientTape() as tape:
        fake_images = state.generator(tf.random.stateless_normal((4, 6), (0, 1)), training=True)
    update_generator(state, LOSSES["logistic"], Seen(real_images), Seen(fake_images), tape)
    assert all(
        np.array_equal(weight.numpy(), earlier) for weight, earlier in zip(state.discriminator.trainable_weights, weights, strict=True)
    )
    assert all(all(is_unchanged(part, earlier)) for part, earlier in zip(others, before, strict=True))
    assert all(
        not np.array_equal(weight.numpy(), earlier) for weight, earlier in zip(state.generator.trainable_weights, generator, strict=True)
    )


class Recorder:
    """Stands in for an optimizer and keeps the gradients."""

    def apply(self, gradients, variables):
        self.gradients = gradients


def test_the_generator_gradient_in_two_halves_is_the_whole_gradient(state, real_images):
    # without dropout in the discriminator both ways see the same function
    for layer in state.discriminator.layers:
        if "dropout" in layer.name:
            layer.rate = 0
    recorder = Recorder()
    latents = tf.random.stateless_normal((4, 6), (0, 1))
    with tf.GradientTape(persistent=True) as tape:
        fake_images = state.generator(latents, training=False)
        loss = LOSSES["logistic"].generator(None, state.discriminator(fake_images, training=False))
    expected = tape.gradient(loss, state.generator.trainable_variables)
    update_generator(
        dataclasses.replace(state, generator_optimizer=recorder), LOSSES["logistic"], Seen(real_images), Seen(fake_images), tape
    )
    assert any(float(tf.reduce_max(tf.abs(gradient))) > 0 for gradient in expected)
    for one, other in zip(expected, recorder.gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-8)


def test_losses_that_layers_add_are_walked_down_too(state, real_images):
    recorders = [Recorder() for _ in range(3)]
    latents = tf.random.stateless_normal((4, 6), (0, 1))
    with tf.GradientTape(persistent=True) as tape:
        fake_images = state.generator(latents, training=False)
        brightness = tf.reduce_mean(fake_images)
    measured = []
    for recorder, own, augmented in zip(
        recorders, ((), (brightness, 2.0 * brightness), (brightness,)), (tf.identity, tf.identity, lambda images: 0 * images), strict=True
    ):
        changed = dataclasses.replace(state, generator_optimizer=recorder)
        value, _ = update_generator(changed, LOSSES["wasserstein"], Seen(real_images), Seen(fake_images), tape, augmented, own)
        measured.append(float(value))
    of_brightness = tape.gradient(brightness, state.generator.trainable_variables)
    without, threefold, alone = (recorder.gradients for recorder in recorders)
    # where nothing of the fakes is seen, they are all that is learnt
    for one, other, expected in zip(threefold, alone, of_brightness, strict=True):
        np.testing.assert_allclose(other, expected, rtol=1e-5, atol=1e-8)
        assert one.shape == expected.shape
    assert any(np.abs(np.subtract(one, other)).max() > 0 for one, other in zip(threefold, without, strict=True))
    # dropout in the discriminator draws anew in each update, so the loss that is reported is the same but for that
    assert measured[0] == pytest.approx(measured[1], abs=0.5)


def test_a_loss_that_compares_gets_the_real_logits(state, real_images):
    seen = []

    def spy(real_logits, fake_logits):
        seen.append(real_logits.numpy())
        return tf.reduce_mean(fake_logits)

    for compares in (True, False):
        with tf.GradientTape() as tape:
            fake_images = state.generator(tf.ones((4, 6)), training=True)
        loss = dataclasses.replace(LOSSES["logistic"], generator=spy, compares=compares)
        update_generator(state, loss, Seen(real_images), Seen(fake_images), tape)
    assert np.abs(seen[0]).max() > 0
    assert np.abs(seen[1]).max() == 0


def test_each_update_walks_down_its_own_loss(state, real_images):
    loss = LOSSES["logistic"]
    latents = tf.random.stateless_normal((4, 6), (0, 1))

    def losses():
        # the mode in which the generator is updated: in the other one it draws by averages that have hardly begun
        fakes = state.generator(latents, training=True)
        real, fake = state.discriminator(real_images, training=False), state.discriminator(fakes, training=False)
        return float(loss.discriminator(real, fake)), float(loss.generator(real, fake))

    discriminator_before, _ = losses()
    for _ in range(5):
        update_discriminator(state, loss, Penalties(), Seen(real_images), Seen(state.generator(latents, training=True)))
    discriminator_after, generator_before = losses()
    for _ in range(5):
        with tf.GradientTape() as tape:
            fake_images = state.generator(latents, training=True)
        update_generator(state, loss, Seen(real_images), Seen(fake_images), tape)
    _, generator_after = losses()
    assert discriminator_after < discriminator_before
    assert generator_after < generator_before


@pytest.mark.parametrize(("step", "expected"), [(1000, 0.9 * 2 + 0.1 * 3), (0, 0.1 * 2 + 0.9 * 3), (8, 0.5 * 2 + 0.5 * 3)])
def test_the_average_follows_by_hand_and_soon_forgets_the_start(state, step, expected):
    # decay 0.9, but (1 + 0) / (10 + 0) = 0.1 at the start and (1 + 8) / (10 + 8) = 0.5 at step 8
    average, current = state.average_generator.weights[0], state.generator.weights[0]
    average.assign(tf.fill(average.shape, 2.0))
    current.assign(tf.fill(current.shape, 3.0))
    state.step.assign(step)
    update_average(state, 0.9)
    np.testing.assert_allclose(average.numpy(), expected, rtol=1e-6)
    np.testing.assert_array_equal(current.numpy(), 3.0)


def test_without_averaging_the_average_is_the_generator(state, architectures):
    state.generator.weights[0].assign_add(tf.ones(state.generator.weights[0].shape))
    update_average(state, 0.0)
    for average, current in zip(state.average_generator.weights, state.generator.weights, strict=True):
        np.testing.assert_allclose(average.numpy(), current.numpy(), rtol=1e-6)


@pytest.mark.parametrize("share_fakes", [True, False])
@pytest.mark.parametrize("r1_weight", [0.0, 1.0])
def test_a_step_counts_itself_and_measures(state, images, training_parameters, share_fakes, r1_weight):
    parameters = training_parameters.model_copy(update={"share_fakes": share_fakes, "r1_weight": r1_weight})
    step = TrainingStep(state, LOSSES["logistic"], parameters)
    metrics = dict(zip(METRICS, step.update_both(Batch(tf.constant(images[:4])), 0).numpy(), strict=True))
    assert int(state.step) == 1
    assert metrics["discriminator_loss"] > 0
    assert metrics["generator_loss"] > 0
    assert (metrics["penalty"] > 0) == (r1_weight > 0)
    assert metrics["discriminator_accuracy"] * 8 == pytest.approx(round(metrics["discriminator_accuracy"] * 8))


@pytest.mark.parametrize(("mode", "moves"), [("training", True), ("inference", False)])
def test_fakes_of_its_own_are_made_in_the_mode_asked_for(state, images, training_parameters, mode, moves):
    parameters = training_parameters.model_copy(update={"share_fakes": False, "discriminator_fakes": mode})
    step = TrainingStep(state, LOSSES["logistic"], parameters)
    before = [np.array(variable) for variable in state.generator.non_trainable_variables if "moving" in variable.path]
    step.update_discriminator(Batch(tf.constant(images[:4])), tf.constant(0))
    after = [np.array(variable) for variable in state.generator.non_trainable_variables if "moving" in variable.path]
    # only training mode takes in the statistics of a batch
    assert any(not np.array_equal(one, other) for one, other in zip(before, after, strict=True)) == moves


def test_weights_are_clipped_on_both_sides(state):
    weight = state.discriminator.trainable_variables[0]
    weight.assign(tf.fill(weight.shape, -3.0))
    clip_weights(state, 0.01)
    values = np.concatenate([np.ravel(variable) for variable in state.discriminator.trainable_variables])
    assert values.min() == pytest.approx(-0.01)
    assert np.abs(values).max() <= 0.01 + 1e-9


def test_penalties_add_up_by_hand(state, real_images):
    # with logits 2·Σx the slope is 2 at each of 64 pixels, its squared norm 256 and its norm 16
    linear = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer="ones")])
    linear.layers[-1].set_weights([2 * np.ones((64, 1)), np.zeros(1)])
    linear_state = dataclasses.replace(state, discriminator=linear, discriminator_optimizer=Recorder())

    def measured(**penalties):
        _, penalty, _ = update_discriminator(
            linear_state, LOSSES["wasserstein"], Penalties(**penalties), Seen(real_images), Seen(0 * real_images)
        )
        return float(penalty)

    assert measured() == 0
    assert measured(r1_weight=0.5) == pytest.approx(0.25 * 256)
    assert measured(r2_weight=1.0) == pytest.approx(0.5 * 256)
    wgan_gp = measured(gradient=lambda discriminator, real, fake: 10 * gradient_penalty(discriminator, (real + fake) / 2))
    assert wgan_gp == pytest.approx(10 * (16 - 1) ** 2, rel=1e-5)


def test_r1_is_taken_in_every_fourth_update_and_weighs_four_times_as_much_then(state, images, training_parameters):
    def penalty(number, every):
        fresh = dataclasses.replace(state, discriminator=keras.models.clone_model(state.discriminator), discriminator_optimizer=Recorder())
        fresh.discriminator.set_weights(state.discriminator.get_weights())
        step = TrainingStep(fresh, LOSSES["logistic"], training_parameters.model_copy(update={"r1_weight": 1.0, "r1_every": every}))
        real, fake = (Seen(tf.constant(images[part].astype(np.float32) / 255)) for part in (slice(4), slice(4, 8)))
        _, penalty, _ = step._update_discriminator(real, fake, tf.constant(number))
        return float(penalty), fresh.discriminator_optimizer.gradients

    always, _ = penalty(0, 1)
    penalties = [penalty(number, 4)[0] for number in range(9)]
    assert penalties[0::4] == pytest.approx([4 * always] * 3, rel=1e-5)
    assert penalties[1:4] == penalties[5:8] == [0.0] * 3
    # between two of them, the discriminator moves as it does without
    without = penalty(1, 4)[1]
    plain = TrainingStep(
        dataclasses.replace(state, discriminator_optimizer=Recorder()),
        LOSSES["logistic"],
        training_parameters.model_copy(update={"r1_weight": 0.0}),
    )
    real, fake = (Seen(tf.constant(images[part].astype(np.float32) / 255)) for part in (slice(4), slice(4, 8)))
    plain._update_discriminator(real, fake, tf.constant(1))
    for one, other in zip(without, plain.state.discriminator_optimizer.gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_augmented_images_reach_the_discriminator_and_gradients_come_back(state, real_images):
    recorders = []
    for augmented in (tf.identity, lambda images: 0 * images):
        with tf.GradientTape() as tape:
            fake_images = state.generator(tf.random.stateless_normal((4, 6), (0, 1)), training=True)
        recorders.append(Recorder())
        update_generator(
            dataclasses.replace(state, generator_optimizer=recorders[-1]),
            LOSSES["logistic"],
            Seen(real_images),
            Seen(fake_images),
            tape,
            augmented,
        )
    assert any(np.abs(gradient).max() > 0 for gradient in recorders[0].gradients)
    # where nothing of the fakes is shown, nothing is learnt
    assert all(np.abs(gradient).max() == 0 for gradient in recorders[1].gradients)


@pytest.mark.parametrize("axes", [(5,), (4, 4), (2, 4, 4)])
@pytest.mark.parametrize("points", ["between", "around"])
def test_the_gradient_penalty_of_a_run_takes_any_number_of_axes(training_parameters, axes, points):
    # D(x) = Σx has slope √n everywhere, wherever the points lie: 10 · (√n - 1)²
    parameters = training_parameters.model_copy(
        update={"gradient_penalty": GradientPenaltyParameters(weight=10.0, points=points, target=1.0)}
    )
    clips = tf.random.stateless_uniform((parameters.batch_size, *axes, 2), (0, 0))
    penalty = PenaltyOnSlope(parameters, Draws(0), tf.constant(3))(
        lambda images: tf.reduce_sum(tf.reshape(images, (parameters.batch_size, -1)), axis=1)[:, None], clips, 0 * clips
    )
    num = 2 * int(np.prod(axes))
    assert float(penalty) == pytest.approx(10 * (num**0.5 - 1) ** 2, rel=1e-4)
