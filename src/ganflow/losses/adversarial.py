"""Adversarial losses: each a named pair with its source.

Every function takes raw logits and returns a float32 scalar to be minimised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from ganflow.errors import ConfigurationError

LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""`(real_logits, fake_logits) -> scalar`, for logits of shape (N, 1)."""


@dataclass(frozen=True)
class AdversarialLoss:
    """What the generator and the discriminator each minimise, and where it was published.

    Attributes:
        generator: loss; only if it `compares` does it read the real logits.
        discriminator: loss.
        source: paper.
        compares: whether the generator's loss compares fake with real logits, which costs it a pass of the discriminator.
    """

    generator: LossFunction
    discriminator: LossFunction
    source: str
    compares: bool = False


def logistic_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E log σ(D(fake)), the non-saturating loss. Source: 1406.2661, section 3."""
    del real_logits
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def logistic_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-E log σ(D(real)) - E log(1 - σ(D(fake))). Source: 1406.2661, equation 1."""
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(tf.nn.softplus(fake_logits))


LOSSES: dict[str, AdversarialLoss] = {
    "logistic": AdversarialLoss(logistic_generator, logistic_discriminator, "arXiv:1406.2661"),
}


def find_loss(name: str) -> AdversarialLoss:
    """Look up a pair by name.

    Raises:
        ConfigurationError: for a name that is not in `LOSSES`.
    """
    if name not in LOSSES:
        raise ConfigurationError(f"Unknown loss '{name}': known are {sorted(LOSSES)}. Set training.loss to one of them.")
    return LOSSES[name]
