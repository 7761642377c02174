"""`parameters_retraining.yml`: when a challenger is trained, and when it becomes champion."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganflow.config.section import NonNegativeFloat, PositiveFloat, PositiveInt, Section, Seed


class GateParameters(Section):
    """What a challenger has to show to become champion. Each condition can be dropped.

    Attributes:
        confidence: of the intervals of a difference between challenger and champion, over draws of samples.
        kernel_distance_improves: the kernel distance is lower by more than the noise.
        not_worse: scores that must not be lower by more than the noise.
        not_worse_per_class: of each class that is asked for, the share that is drawn must not be lower by more than the noise, the
            confidence being that of all classes together; asked only where the champion knows classes.
        every_class: every class is reached, in every draw.
        minimum_nearest_distance: the median distance to the nearest training image is at least this share of that of held-out images;
            a generator that copies training images comes closer. None to drop the condition.
        healthy: the doctor has found nothing serious at the end of training.
    """

    confidence: Annotated[float, Field(gt=0, lt=1)]
    kernel_distance_improves: bool
    not_worse: tuple[Literal["coverage", "recall", "precision", "density"], ...]
    not_worse_per_class: bool
    every_class: bool
    minimum_nearest_distance: NonNegativeFloat | None
    healthy: bool


class RetrainingParameters(Section):
    """Training a challenger when there is a reason to, and promoting it if it is better than the champion.

    Attributes:
        force: train a challenger without any other reason.
        max_age_days: a champion promoted longer ago is a reason; None for none.
        min_new_images: since a challenger was last trained, this many images that it did not have are a reason.
        min_removed: this many that it was trained on, and that are gone, are a reason.
        min_drift: new images are a reason, however few, if their kernel distance to the old ones is above this by more than two standard
            errors; None to leave that out.
        warm_start: the challenger starts from the networks of the champion's newest checkpoint instead of fresh weights.
        num_draws: of samples that champion and challenger are scored on; their spread is the noise of a score.
        seed: of the first draw; the others follow.
        keep: challengers whose checkpoints, records and registered versions stay, the newest; champion and previous stay always.
        gate: conditions.
    """

    force: bool
    max_age_days: PositiveFloat | None
    min_new_images: PositiveInt
    min_removed: PositiveInt
    min_drift: NonNegativeFloat | None
    warm_start: bool
    num_draws: Annotated[int, Field(ge=2)]
    seed: Seed
    keep: PositiveInt
    gate: GateParameters
