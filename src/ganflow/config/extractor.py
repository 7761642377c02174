"""`parameters_extractor.yml`: the network in whose features generators are scored."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import PositiveFloat, PositiveInt, Section, Seed


class ExtractorParameters(Section):
    """Which network it is, and how it is made, once for a set of images.

    Attributes:
        name: a key of `ganflow.features.extractor.EXTRACTORS`, or `auto`: the classifier for images with labels, random convolutions for
            others.
        epochs: of the classifier: passes over the training images.
        batch_size: of the classifier: images in a step.
        learning_rate: of the classifier: peak of a one-cycle schedule for Adam.
        minimum_accuracy: of the classifier, on held-out images; a weaker one is refused, since its features mean little. None asks for
            what the nearest training image reaches.
        seed: of weights, and of the classifier's order, movements and dropout.
    """

    name: str
    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    minimum_accuracy: Annotated[float, Field(ge=0, le=1)] | None
    seed: Seed
