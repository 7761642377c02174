"""`parameters_extractor.yml`: the classifier in whose features generators are scored."""

from __future__ import annotations

from ganflow.config.section import PositiveFloat, PositiveInt, Section, Seed


class ExtractorParameters(Section):
    """How the classifier is trained, once for a set of images.

    Attributes:
        epochs: passes over the training images.
        batch_size: images in a step.
        learning_rate: peak of a one-cycle schedule for Adam.
        seed: of weights, order, movements and dropout.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    seed: Seed
