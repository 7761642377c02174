"""One training step, which reads as the algorithm: update the discriminator, update the generator, average its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import AdversarialLoss
from ganflow.losses.penalties import Discriminator, around, between, gradient_penalty, logits_and_squared_gradient_norms
from ganflow.networks import draw_latents, normalises_batches, pixel_range, scale_pixels
from ganflow.runtime.distribution import own_share, spread_of_batch
from ganflow.training.augmentation import NUM_DRAWS, augment
from ganflow.training.draws import (
    DISCRIMINATOR_LATENTS,
    FAKE_AUGMENTATION,
    GENERATOR_LATENTS,
    PENALTY_NOISE,
    PENALTY_POINTS,
    REAL_AUGMENTATION,
    SHEET_LATENTS,
    Draws,
)
from ganflow.training.optimizers import apply_gradients
from ganflow.training.state import TrainingState

METRICS = ("discriminator_loss", "generator_loss", "penalty", "discriminator_accuracy", "generator_gradient_norm")
"""What a step measures, in this order, each the mean over replicas.

The accuracy is the share of real and fake images on the right side of the loss's boundary; the norm is that of all of the generator's
weights.
"""


def sheet_latents(state: TrainingState, num: int, seed: int) -> tf.Tensor:
    """The fixed latents of a run's sample sheets, (num, dimension)."""
    return draw_latents(state.average_generator, num, Draws(seed).at(0, SHEET_LATENTS))


@dataclass(frozen=True)
class Penalties:
    """What is added to the discriminator's loss for the slope that it has.

    Attributes:
        r1_weight: γ of ½γ·E‖∇D(x)‖² over real images.
        r2_weight: γ of the same over fake images.
        gradient: from the discriminator, real and fake images to a scalar; None for none.
    """

    r1_weight: float = 0.0
    r2_weight: float = 0.0
    gradient: Callable[[Discriminator, tf.Tensor, tf.Tensor], tf.Tensor] | None = None


def update_discriminator(
    state: TrainingState, loss: AdversarialLoss, penalties: Penalties, real_images: tf.Tensor, fake_images: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Move the discriminator's weights, and no others, one step down its loss.

    Args:
        state: of training.
        loss: the named pair.
        penalties: on the discriminator's slope.
        real_images: (N, H, W, C), scaled.
        fake_images: (N, H, W, C), held fixed.

    Returns:
        Loss without penalties, the sum of the penalties, accuracy in [0, 1].
    """
    variables = state.discriminator.trainable_variables

    def discriminate(images: tf.Tensor) -> tf.Tensor:
        return state.discriminator(images, training=True)

    with tf.GradientTape() as tape:
        penalty = tf.constant(0.0)
        if penalties.r1_weight or penalties.r2_weight or normalises_batches(state.discriminator):
            real_logits, squared = _logits_and_norms(discriminate, real_images, penalties.r1_weight)
            penalty += squared
            fake_logits, squared = _logits_and_norms(discriminate, fake_images, penalties.r2_weight)
            penalty += squared
        else:
            # images do not interact, so both kinds go through together
            real_logits, fake_logits = tf.split(discriminate(tf.concat([real_images, fake_images], axis=0)), 2)
        if penalties.gradient is not None:
            penalty += penalties.gradient(discriminate, real_images, fake_images)
        value = loss.discriminator(real_logits, fake_logits)
        total = value + penalty
    apply_gradients(state.discriminator_optimizer, tape.gradient(total, variables), variables)
    return value, penalty, loss.accuracy(real_logits, fake_logits)


def _logits_and_norms(discriminate: Discriminator, images: tf.Tensor, weight: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Logits, and ½·weight·E‖∇D(x)‖², which costs nothing if the weight is 0."""
    if not weight:
        return discriminate(images), tf.constant(0.0)
    logits, squared_norms = logits_and_squared_gradient_norms(discriminate, images)
    return logits, 0.5 * weight * tf.reduce_mean(squared_norms)


def clip_weights(state: TrainingState, limit: float) -> None:
    """Clip every weight of the discriminator to ± limit. Source: 1701.07875, algorithm 1."""
    for variable in state.discriminator.trainable_variables:
        variable.assign(tf.clip_by_value(variable, -limit, limit))


def update_generator(
    state: TrainingState,
    loss: AdversarialLoss,
    real_images: tf.Tensor,
    fake_images: tf.Tensor,
    generator_tape: tf.GradientTape,
    augmented: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Move the generator's weights, and no others, one step down its loss.

    Args:
        state: of training.
        loss: the named pair.
        real_images: (N, H, W, C), as the discriminator sees them, used by losses that compare.
        fake_images: (N, H, W, C), made under `generator_tape`.
        generator_tape: recorded the generator's pass that made them.
        augmented: from fake images to what the discriminator sees.

    Returns:
        The generator's loss, and the norm of its gradient.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(fake_images)
        fake_logits = state.discriminator(augmented(fake_images), training=True)
        real_logits = state.discriminator(real_images, training=True) if loss.compares else tf.zeros_like(fake_logits)
        value = loss.generator(real_logits, fake_logits)
    variables = state.generator.trainable_variables
    # the chain rule in two halves, so that one pass of the generator can serve both updates
    at_images = tape.gradient(value, fake_images)
    gradients = generator_tape.gradient(fake_images, variables, output_gradients=at_images)
    apply_gradients(state.generator_optimizer, gradients, variables)
    return value, tf.linalg.global_norm(gradients)


def update_average(state: TrainingState, decay: float) -> None:
    """Move the averaged generator towards the current one: a ← d·a + (1 - d)·w, batch statistics included.

    Early on d = (1 + step) / (10 + step), until that exceeds `decay`, so that the first, random weights are soon forgotten.
    """
    step = tf.cast(state.step, tf.float32)
    weight = 1.0 - tf.minimum(decay, (1.0 + step) / (10.0 + step))
    for average, current in zip(state.average_generator.weights, state.generator.weights, strict=True):
        average.assign_add(weight * (current - average))


@dataclass(frozen=True)
class TrainingStep:
    """One step of training, in the pieces that the loop around it calls.

    Every replica gets the whole batch of real images, (batch size, H, W, C) uint8, draws all of the noise, and goes on with its own
    share of both. The second argument of each is the number of discriminator updates before this one.

    Attributes:
        update_discriminator: an update of the discriminator alone, for those that precede a generator's.
        update_both: an update of the discriminator and one of the generator; it advances the state by one step and returns METRICS as a
            float32 vector.
    """

    update_discriminator: Callable[[tf.Tensor, tf.Tensor], None]
    update_both: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def build_step(state: TrainingState, loss: AdversarialLoss, parameters: TrainingParameters) -> TrainingStep:
    """Bind one training step to its state."""
    draws = Draws(parameters.seed)
    values = pixel_range(state.generator)

    def noise(number: tf.Tensor, stream: int) -> tf.Tensor:
        return own_share(draw_latents(state.generator, parameters.batch_size, draws.at(number, stream)))

    def augmented(images: tf.Tensor, number: tf.Tensor, stream: int, use: int = 0) -> tf.Tensor:
        if parameters.augmentation is None:
            return images
        # both uses of one stream are drawn together
        draws_of_all = draws.uniform(number, stream, (parameters.batch_size, 2 * NUM_DRAWS))[:, use * NUM_DRAWS : (use + 1) * NUM_DRAWS]
        return augment(images, parameters.augmentation, own_share(draws_of_all), values[0])

    def real(pixels: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        return augmented(scale_pixels(own_share(pixels), values), number, REAL_AUGMENTATION)

    def discriminate(real_images: tf.Tensor, fake_images: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        fake_images = augmented(tf.stop_gradient(fake_images), number, FAKE_AUGMENTATION)
        penalties = build_penalties(parameters, draws, number)
        measured = update_discriminator(state, loss, penalties, real_images, fake_images)
        if parameters.weight_clip is not None:
            clip_weights(state, parameters.weight_clip)
        return measured

    def own_fakes(number: tf.Tensor) -> tf.Tensor:
        return state.generator(noise(number, DISCRIMINATOR_LATENTS), training=parameters.discriminator_fakes == "training")

    def update_alone(pixels: tf.Tensor, number: tf.Tensor) -> None:
        discriminate(real(pixels, number), own_fakes(number), number)

    def update_both(pixels: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        real_images = real(pixels, number)
        with tf.GradientTape() as generator_tape:
            fake_images = state.generator(noise(state.step, GENERATOR_LATENTS), training=True)
        fakes = fake_images if parameters.share_fakes else own_fakes(number)
        discriminator_loss, penalty, accuracy = discriminate(real_images, fakes, number)
        generator_loss, gradient_norm = update_generator(
            state, loss, real_images, fake_images, generator_tape, lambda images: augmented(images, number, FAKE_AUGMENTATION, use=1)
        )
        update_average(state, parameters.average_decay)
        state.step.assign_add(1)
        return tf.stack([discriminator_loss, generator_loss, penalty, accuracy, gradient_norm])

    return TrainingStep(update_alone, update_both)


def build_penalties(parameters: TrainingParameters, draws: Draws, number: tf.Tensor) -> Penalties:
    """The penalties of a run, with what one update of the discriminator draws for them."""
    wanted = parameters.gradient_penalty
    if wanted is None:
        return Penalties(parameters.r1_weight, parameters.r2_weight)

    def gradient(discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor) -> tf.Tensor:
        num = parameters.batch_size
        share = own_share(draws.uniform(number, PENALTY_POINTS, (num, 1, 1, 1)))
        if wanted.points == "between":
            points = between(real_images, fake_images, share)
        else:
            noise = own_share(draws.uniform(number, PENALTY_NOISE, (num, *real_images.shape[1:])))
            points = around(real_images, noise, share, spread_of_batch(real_images))
        return wanted.weight * gradient_penalty(discriminator, points, wanted.target)

    return Penalties(parameters.r1_weight, parameters.r2_weight, gradient)
