"""One training step, which reads as the algorithm: update the discriminator, update the generator, average its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import AdversarialLoss
from ganflow.losses.penalties import Discriminator, around, between, gradient_penalty, logits_and_squared_gradient_norms
from ganflow.networks import draw_inputs, normalises_batches, pixel_range, scale_pixels
from ganflow.networks.conditional import labels_of, proportions_of, shown
from ganflow.runtime.distribution import own_share, spread_of_batch
from ganflow.training.augmentation import NUM_DRAWS, augment
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch
from ganflow.training.optimizers import apply_gradients
from ganflow.training.state import TrainingState

METRICS = ("discriminator_loss", "generator_loss", "penalty", "discriminator_accuracy", "generator_gradient_norm")
"""What a step measures, in this order, each the mean over replicas.

The accuracy is the share of real and fake images on the right side of the loss's boundary; the norm is that of all of the generator's
weights.
"""


class Seen(NamedTuple):
    """What a discriminator sees.

    Attributes:
        images: (N, …, C), scaled.
        labels: (N,) classes that they are of, or were asked to be of; None for networks that know none.
    """

    images: tf.Tensor
    labels: tf.Tensor | None = None


Descent = tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, tf.Tensor]
"""Gradients of the discriminator, its loss without penalties, the sum of these, its accuracy."""

_FAKES = "augmentation of fake images"


@dataclass(frozen=True)
class Penalties:
    """What is added to the discriminator's loss for the slope that it has.

    Attributes:
        r1_weight: γ of ½γ·E‖∇D(x)‖² over real images.
        r2_weight: γ of the same over fake images.
        gradient: from the discriminator, real and fake images to a scalar; None for none.
        is_due: whether R1 and R2 are taken in this update; None for in all.
    """

    r1_weight: float = 0.0
    r2_weight: float = 0.0
    gradient: Callable[[Discriminator, tf.Tensor, tf.Tensor], tf.Tensor] | None = None
    is_due: tf.Tensor | None = None


def update_discriminator(
    state: TrainingState, loss: AdversarialLoss, penalties: Penalties, real: Seen, fake: Seen
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Move the discriminator's weights, and no others, one step down its loss.

    Args:
        state: of training.
        loss: the named pair.
        penalties: on the discriminator's slope; a gradient penalty asks at its points for the classes of the real images.
        real: N images.
        fake: N images, held fixed.

    Returns:
        Loss without penalties, the sum of the penalties, accuracy in [0, 1].
    """

    def descend(penalties: Penalties) -> Descent:
        return _descend(state, loss, penalties, real, fake)

    if penalties.is_due is None:
        gradients, *measured = descend(penalties)
    else:
        without = replace(penalties, r1_weight=0.0, r2_weight=0.0)
        gradients, *measured = tf.cond(penalties.is_due, lambda: descend(penalties), lambda: descend(without))
    # not within the choice: replicas add up their gradients here
    apply_gradients(state.discriminator_optimizer, gradients, state.discriminator.trainable_variables)
    value, penalty, accuracy = measured
    return value, penalty, accuracy


def _descend(state: TrainingState, loss: AdversarialLoss, penalties: Penalties, real: Seen, fake: Seen) -> Descent:
    """Which way the discriminator's weights go, and what `update_discriminator` returns."""
    variables = state.discriminator.trainable_variables
    of_real, of_fake = _discriminate(state, real.labels), _discriminate(state, fake.labels)
    with tf.GradientTape() as tape:
        penalty = tf.constant(0.0)
        if penalties.r1_weight or penalties.r2_weight or normalises_batches(state.discriminator):
            real_logits, squared = _logits_and_norms(of_real, real.images, penalties.r1_weight)
            penalty += squared
            fake_logits, squared = _logits_and_norms(of_fake, fake.images, penalties.r2_weight)
            penalty += squared
        else:
            # images do not interact, so both kinds go through together
            both = _together(real, fake)
            real_logits, fake_logits = tf.split(_discriminate(state, both.labels)(both.images), 2)
        if penalties.gradient is not None:
            penalty += penalties.gradient(of_real, real.images, fake.images)
        value = loss.discriminator(real_logits, fake_logits)
        total = value + penalty
    return tape.gradient(total, variables), value, penalty, loss.accuracy(real_logits, fake_logits)


def _together(real: Seen, fake: Seen) -> Seen:
    labels = None if real.labels is None else tf.concat([real.labels, fake.labels], axis=0)
    return Seen(tf.concat([real.images, fake.images], axis=0), labels)


def _discriminate(state: TrainingState, labels: tf.Tensor | None) -> Discriminator:
    """The discriminator in training mode, asked about images of these classes."""
    return lambda images: state.discriminator(shown(images, labels), training=True)


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
    real: Seen,
    fake: Seen,
    generator_tape: tf.GradientTape,
    augmented: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    own_losses: Sequence[tf.Tensor] = (),
) -> tuple[tf.Tensor, tf.Tensor]:
    """Move the generator's weights, and no others, one step down its loss, and down those that its layers add.

    Args:
        state: of training.
        loss: the named pair.
        real: N images, used by losses that compare.
        fake: N images before they are augmented, made under `generator_tape`.
        generator_tape: recorded the generator's pass that made them.
        augmented: from fake images to what the discriminator sees.
        own_losses: scalars that the generator's layers added in that pass.

    Returns:
        The generator's loss, without those that its layers add, and the norm of its whole gradient.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(fake.images)
        fake_logits = _discriminate(state, fake.labels)(augmented(fake.images))
        real_logits = _discriminate(state, real.labels)(real.images) if loss.compares else tf.zeros_like(fake_logits)
        value = loss.generator(real_logits, fake_logits)
    variables = state.generator.trainable_variables
    # the chain rule in two halves, so that one pass of the generator can serve both updates
    at_images = tape.gradient(value, fake.images)
    at_losses = [tf.ones_like(own) for own in own_losses]
    gradients = generator_tape.gradient([fake.images, *own_losses], variables, output_gradients=[at_images, *at_losses])
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
class PenaltyOnSlope:
    """The gradient penalty of a run, with what one update of the discriminator draws for it.

    Attributes:
        parameters: of training, with a gradient penalty.
        draws: of the run.
        number: of discriminator updates before this one.
    """

    parameters: TrainingParameters
    draws: Draws
    number: tf.Tensor

    def __call__(self, discriminator: Discriminator, real_images: tf.Tensor, fake_images: tf.Tensor) -> tf.Tensor:
        """The weighted penalty, a scalar, at points that are drawn between or around the images."""
        wanted, num = self.parameters.gradient_penalty, self.parameters.batch_size
        assert wanted is not None  # noqa: S101 (asked by the caller)
        one_each = (num, *[1] * (real_images.shape.rank - 1))
        share = own_share(self.draws.uniform(self.number, "points of the penalty", one_each))
        if wanted.points == "between":
            points = between(real_images, fake_images, share)
        else:
            noise = own_share(self.draws.uniform(self.number, "noise of the penalty", (num, *real_images.shape[1:])))
            points = around(real_images, noise, share, spread_of_batch(real_images))
        return wanted.weight * gradient_penalty(discriminator, points, wanted.target)


@dataclass(frozen=True)
class TrainingStep:
    """One step of training, in the two pieces that the loop around it calls.

    Every replica gets the whole batch of real images, draws all of the noise, and goes on with its own share of both. The argument
    `number` is that of discriminator updates before this one.

    Attributes:
        state: that the step moves.
        loss: the named pair.
        parameters: of training.
    """

    state: TrainingState
    loss: AdversarialLoss
    parameters: TrainingParameters

    def update_both(self, batch: Batch, number: tf.Tensor) -> tf.Tensor:
        """Update the discriminator, the generator and its average; count the step; return METRICS as a float32 vector."""
        state = self.state
        real = self._see_real(batch, number)
        inputs = self._draw_inputs(state.step, "inputs of the generator")
        with tf.GradientTape() as generator_tape:
            fake = Seen(state.generator(inputs, training=True), labels_of(inputs))
        # before another pass takes their place
        own_losses = state.generator.losses
        fakes = fake if self.parameters.share_fakes else self._make_fakes(number)
        discriminator_loss, penalty, accuracy = self._update_discriminator(real, fakes, number)
        generator_loss, gradient_norm = update_generator(
            state, self.loss, real, fake, generator_tape, lambda images: self._augment(images, number, _FAKES, 1), own_losses
        )
        update_average(state, self.parameters.average_decay)
        state.step.assign_add(1)
        return tf.stack([discriminator_loss, generator_loss, penalty, accuracy, gradient_norm])

    def update_discriminator(self, batch: Batch, number: tf.Tensor) -> None:
        """Update the discriminator alone, with fakes of its own."""
        self._update_discriminator(self._see_real(batch, number), self._make_fakes(number), number)

    def _update_discriminator(self, real: Seen, fake: Seen, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        fake = fake._replace(images=self._augment(tf.stop_gradient(fake.images), number, _FAKES))
        measured = update_discriminator(self.state, self.loss, self._penalties(number), real, fake)
        if self.parameters.weight_clip is not None:
            clip_weights(self.state, self.parameters.weight_clip)
        return measured

    def _penalties(self, number: tf.Tensor) -> Penalties:
        parameters = self.parameters
        gradient = None if parameters.gradient_penalty is None else PenaltyOnSlope(parameters, self._draws, number)
        if parameters.r1_every == 1 or not (parameters.r1_weight or parameters.r2_weight):
            return Penalties(parameters.r1_weight, parameters.r2_weight, gradient)
        every = parameters.r1_every
        return Penalties(every * parameters.r1_weight, every * parameters.r2_weight, gradient, tf.equal(number % every, 0))

    def _see_real(self, batch: Batch, number: tf.Tensor) -> Seen:
        """Real images as the discriminator sees them."""
        scaled = scale_pixels(own_share(batch.images), pixel_range(self.state.generator))
        labels = tf.cast(own_share(batch.labels), tf.int32) if proportions_of(self.state.generator) else None
        return Seen(self._augment(scaled, number, "augmentation of real images"), labels)

    def _make_fakes(self, number: tf.Tensor) -> Seen:
        """Fakes for the discriminator alone."""
        inputs = self._draw_inputs(number, "inputs for the discriminator alone")
        return Seen(self.state.generator(inputs, training=self.parameters.discriminator_fakes == "training"), labels_of(inputs))

    def _draw_inputs(self, number: tf.Tensor, use: str) -> Any:
        drawn = draw_inputs(self.state.generator, self.parameters.batch_size, self._draws.at(number, use))
        return tf.nest.map_structure(own_share, drawn)

    def _augment(self, images: tf.Tensor, number: tf.Tensor, use: str, turn: int = 0) -> tf.Tensor:
        """Augment images if the run does. The two turns of one use are drawn together, so that they differ."""
        parameters = self.parameters
        if parameters.augmentation is None:
            return images
        of_all = self._draws.uniform(number, use, (parameters.batch_size, 2 * NUM_DRAWS))
        own = own_share(of_all[:, turn * NUM_DRAWS : (turn + 1) * NUM_DRAWS])
        return augment(images, parameters.augmentation, own, pixel_range(self.state.generator))

    @property
    def _draws(self) -> Draws:
        return Draws(self.parameters.seed)
