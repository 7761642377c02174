"""One training step, which reads as the algorithm: update the discriminator, update the generator, average its weights."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from ganflow.config import TrainingParameters
from ganflow.losses.adversarial import AdversarialLoss
from ganflow.losses.penalties import logits_and_squared_gradient_norm
from ganflow.networks import draw_latents, pixel_range, scale_pixels
from ganflow.training.distribution import own_share
from ganflow.training.draws import DISCRIMINATOR_LATENTS, GENERATOR_LATENTS, SHEET_LATENTS, Draws
from ganflow.training.optimizers import apply_gradients
from ganflow.training.state import TrainingState

METRICS = ("discriminator_loss", "generator_loss", "r1_penalty", "discriminator_accuracy")
"""What a step measures, in this order. The accuracy is the share of real and fake images told apart by the sign of the logit."""


def sheet_latents(state: TrainingState, num: int, seed: int) -> tf.Tensor:
    """The fixed latents of a run's sample sheets, (num, dimension)."""
    return draw_latents(state.average_generator, num, Draws(seed).at(0, SHEET_LATENTS))


def update_discriminator(
    state: TrainingState, loss: AdversarialLoss, r1_weight: float, real_images: tf.Tensor, fake_images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Move the discriminator's weights, and no others, one step down its loss.

    Args:
        state: of training.
        loss: the named pair.
        r1_weight: γ in ½γ·E‖∇D(x)‖² over the real images.
        real_images: (N, H, W, C), scaled.
        fake_images: (N, H, W, C), held fixed.

    Returns:
        Loss without penalty, squared gradient norm (0 if r1_weight is 0), accuracy in [0, 1].
    """
    variables = state.discriminator.trainable_variables

    def discriminate(images: tf.Tensor) -> tf.Tensor:
        return state.discriminator(images, training=True)

    with tf.GradientTape() as tape:
        if r1_weight:
            real_logits, penalty = logits_and_squared_gradient_norm(discriminate, real_images)
            fake_logits = discriminate(fake_images)
        else:
            real_logits, fake_logits = tf.split(discriminate(tf.concat([real_images, fake_images], axis=0)), 2)
            penalty = tf.constant(0.0)
        value = loss.discriminator(real_logits, fake_logits)
        total = value + 0.5 * r1_weight * penalty
    apply_gradients(state.discriminator_optimizer, tape.gradient(total, variables), variables)
    told_apart = tf.concat([real_logits > 0, fake_logits < 0], axis=0)
    return value, penalty, tf.reduce_mean(tf.cast(told_apart, tf.float32))


def update_generator(
    state: TrainingState, loss: AdversarialLoss, real_images: tf.Tensor, fake_images: tf.Tensor, generator_tape: tf.GradientTape
) -> tf.Tensor:
    """Move the generator's weights, and no others, one step down its loss.

    Args:
        state: of training.
        loss: the named pair.
        real_images: (N, H, W, C), used by losses that compare.
        fake_images: (N, H, W, C), made under `generator_tape`.
        generator_tape: recorded the generator's pass that made them.

    Returns:
        The generator's loss.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(fake_images)
        fake_logits = state.discriminator(fake_images, training=True)
        real_logits = state.discriminator(real_images, training=True) if loss.compares else tf.zeros_like(fake_logits)
        value = loss.generator(real_logits, fake_logits)
    variables = state.generator.trainable_variables
    # the chain rule in two halves, so that one pass of the generator can serve both updates
    at_images = tape.gradient(value, fake_images)
    gradients = generator_tape.gradient(fake_images, variables, output_gradients=at_images)
    apply_gradients(state.generator_optimizer, gradients, variables)
    return value


def update_average(state: TrainingState, decay: float) -> None:
    """Move the averaged generator towards the current one: a ← d·a + (1 - d)·w, batch statistics included.

    Early on d = (1 + step) / (10 + step), until that exceeds `decay`, so that the first, random weights are soon forgotten.
    """
    step = tf.cast(state.step, tf.float32)
    weight = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
    for average, current in zip(state.average_generator.weights, state.generator.weights, strict=True):
        average.assign_add(weight * (current - average))


def build_step(state: TrainingState, loss: AdversarialLoss, parameters: TrainingParameters) -> Callable[[tf.Tensor], tf.Tensor]:
    """Bind one training step to its state.

    Returns:
        A function from a batch of real images, (batch size, H, W, C) uint8, that advances the state by one step and returns METRICS
        as a float32 vector. Every replica gets the whole batch, draws all of the noise, and goes on with its own share of both.
    """
    draws = Draws(parameters.seed)
    values = pixel_range(state.generator)

    def noise(stream: int) -> tf.Tensor:
        return own_share(draw_latents(state.generator, parameters.batch_size, draws.at(state.step, stream)))

    def step(pixels: tf.Tensor) -> tf.Tensor:
        real_images = scale_pixels(own_share(pixels), values)
        with tf.GradientTape() as generator_tape:
            fake_images = state.generator(noise(GENERATOR_LATENTS), training=True)
        own_fakes = fake_images if parameters.share_fakes else state.generator(noise(DISCRIMINATOR_LATENTS), training=False)
        discriminator_loss, penalty, accuracy = update_discriminator(
            state, loss, parameters.r1_weight, real_images, tf.stop_gradient(own_fakes)
        )
        generator_loss = update_generator(state, loss, real_images, fake_images, generator_tape)
        update_average(state, parameters.average_decay)
        state.step.assign_add(1)
        return tf.stack([discriminator_loss, generator_loss, penalty, accuracy])

    return step
