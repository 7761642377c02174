"""Adversarial losses: each a named pair with its source.

Every function takes raw logits and returns a float32 scalar to be minimised.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import tensorflow as tf

from ganflow.errors import ConfigurationError

LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""`(real_logits, fake_logits) -> scalar`, for logits of shape (N, 1)."""


@dataclass(frozen=True)
class AdversarialLoss:
    """What the generator and the discriminator each minimise, and where it was published.

    Attributes:
        generator: loss; only if it `compares` does it read the real logits.
        discriminator: loss; only if it `has_labels` does it take `real_label`, 1 by default.
        source: paper.
        compares: whether the generator's loss compares fake with real logits, which costs it a pass of the discriminator.
        has_labels: whether the discriminator is taught labels for real images, which can be smoothed.
        needs_lipschitz: whether the loss means something only for a discriminator whose slope is bounded.
        floor: lowest value of the discriminator's loss; -infinity if it has none.
        undecided: its value for the best discriminator of those that cannot tell real from fake.
        boundary: logit above which an image is taken for real; None if only the difference of two logits has a meaning.
    """

    generator: LossFunction
    discriminator: Callable[..., tf.Tensor]
    source: str
    compares: bool = False
    has_labels: bool = False
    needs_lipschitz: bool = False
    floor: float = 0.0
    undecided: float = 2 * math.log(2)
    boundary: float | None = 0.0

    @property
    def has_floor(self) -> bool:
        """Whether the discriminator's loss has a lowest value."""
        return math.isfinite(self.floor)

    @property
    def scale(self) -> float:
        """How far above its floor the discriminator's loss is while it is undecided; 1 where there is no floor."""
        return self.undecided - self.floor if self.has_floor else 1.0

    def accuracy(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """Share of images on the right side of the boundary, or of pairs in the right order; float32 in [0, 1]."""
        if self.boundary is None:
            told_apart = real_logits > fake_logits
        else:
            told_apart = tf.concat([real_logits > self.boundary, fake_logits < self.boundary], axis=0)
        return tf.reduce_mean(tf.cast(told_apart, tf.float32))


def logistic_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E log σ(D(fake)), the non-saturating loss. Source: 1406.2661, section 3."""
    del real_logits
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def logistic_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor, real_label: float = 1.0) -> tf.Tensor:
    """Cross-entropy, -E log σ(D(real)) - E log(1 - σ(D(fake))). Source: 1406.2661, equation 1; smoothed 1606.03498, section 3.4."""
    real = real_label * tf.nn.softplus(-real_logits)
    if real_label != 1.0:
        real += (1.0 - real_label) * tf.nn.softplus(real_logits)
    return tf.reduce_mean(real) + tf.reduce_mean(tf.nn.softplus(fake_logits))


def minimax_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """E log(1 - σ(D(fake))), which saturates while the discriminator is ahead. Source: 1406.2661, equation 1."""
    del real_logits
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


def least_squares_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """½E(D(fake) - 1)². Source: 1611.04076, equation 9."""
    del real_logits
    return 0.5 * tf.reduce_mean(tf.square(fake_logits - 1.0))


def least_squares_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor, real_label: float = 1.0) -> tf.Tensor:
    """½E(D(real) - 1)² + ½E D(fake)². Source: 1611.04076, equation 9."""
    return 0.5 * tf.reduce_mean(tf.square(real_logits - real_label)) + 0.5 * tf.reduce_mean(tf.square(fake_logits))


def wasserstein_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E D(fake), also the hinge loss's. Source: 1701.07875, algorithm 1."""
    del real_logits
    return -tf.reduce_mean(fake_logits)


def wasserstein_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """E D(fake) - E D(real): minus the estimated distance. Source: 1701.07875, algorithm 1."""
    return tf.reduce_mean(fake_logits) - tf.reduce_mean(real_logits)


def hinge_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """E max(0, 1 - D(real)) + E max(0, 1 + D(fake)). Source: 1802.05957, equation 16."""
    return tf.reduce_mean(tf.nn.relu(1.0 - real_logits)) + tf.reduce_mean(tf.nn.relu(1.0 + fake_logits))


def relativistic_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E log σ(D(fake) - D(real)), over pairs. Source: 1807.00734, equation 4; the pairing of 2501.05441, section 2."""
    return tf.reduce_mean(tf.nn.softplus(real_logits - fake_logits))


def relativistic_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E log σ(D(real) - D(fake)), over pairs. Source: 1807.00734, equation 3; the pairing of 2501.05441, section 2."""
    return tf.reduce_mean(tf.nn.softplus(fake_logits - real_logits))


LOSSES: dict[str, AdversarialLoss] = {
    "logistic": AdversarialLoss(logistic_generator, logistic_discriminator, "arXiv:1406.2661", has_labels=True),
    "minimax": AdversarialLoss(minimax_generator, logistic_discriminator, "arXiv:1406.2661", has_labels=True),
    "least_squares": AdversarialLoss(
        least_squares_generator, least_squares_discriminator, "arXiv:1611.04076", has_labels=True, undecided=0.25, boundary=0.5
    ),
    "hinge": AdversarialLoss(wasserstein_generator, hinge_discriminator, "arXiv:1802.05957", undecided=2.0),
    "wasserstein": AdversarialLoss(
        wasserstein_generator,
        wasserstein_discriminator,
        "arXiv:1701.07875",
        needs_lipschitz=True,
        floor=-math.inf,
        undecided=0.0,
        boundary=None,
    ),
    "relativistic": AdversarialLoss(
        relativistic_generator, relativistic_discriminator, "arXiv:1807.00734", compares=True, undecided=math.log(2), boundary=None
    ),
}


def find_loss(name: str, label_smoothing: float = 0.0) -> AdversarialLoss:
    """Look up a pair by name.

    Args:
        name: a key of `LOSSES`.
        label_smoothing: the discriminator is taught 1 minus this for real images; one-sided, as 1606.03498 (section 3.4) has it.

    Raises:
        ConfigurationError: for a name that is not in `LOSSES`, or smoothing where there are no labels.
    """
    if name not in LOSSES:
        raise ConfigurationError(f"Unknown loss '{name}': known are {sorted(LOSSES)}. Set training.loss to one of them.")
    loss = LOSSES[name]
    if not label_smoothing:
        return loss
    if not loss.has_labels:
        labelled = sorted(known for known, other in LOSSES.items() if other.has_labels)
        raise ConfigurationError(
            f"training.label_smoothing = {label_smoothing}, but the loss '{name}' teaches no labels that could be smoothed. "
            f"Set it to 0, or training.loss to one of {labelled}."
        )
    label = 1.0 - label_smoothing
    smoothed = replace(loss, discriminator=functools.partial(loss.discriminator, real_label=label))
    if loss.discriminator is least_squares_discriminator:
        return replace(smoothed, undecided=0.25 * label**2, boundary=0.5 * label)
    # the discriminator's best guess is the label, or half of it if it cannot tell, which is where one kind passes into the other
    return replace(smoothed, floor=_entropy(label), undecided=2 * _entropy(0.5 * label), boundary=math.log(label / (2.0 - label)))


def _entropy(probability: float) -> float:
    """Of a coin, in nats."""
    return -sum(p * math.log(p) for p in (probability, 1.0 - probability) if p)
