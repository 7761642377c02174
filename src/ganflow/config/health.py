"""`parameters_health.yml`: what is watched while a run trains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ganflow.config.section import PositiveInt, Section, Seed


class HealthParameters(Section):
    """What is watched while a run trains.

    Attributes:
        on_collapse: what a serious finding does: `warn`, or `stop` once what training has reached is saved.
        warmup_steps: before these images are not judged; every generator starts with bad ones.
        score_every: steps between two scores of the averaged generator, rounded up to whole intervals; the last step is scored always.
            The best one is what a run exports.
        num_samples: generated images in a score, and real ones that they are compared with.
        batch_size: images drawn or classified in one call.
        seed: of the latents, the same at every score, and of the choice of real images.
    """

    on_collapse: Literal["warn", "stop"]
    warmup_steps: Annotated[int, Field(ge=0)]
    score_every: PositiveInt
    num_samples: Annotated[int, Field(ge=4)]
    batch_size: PositiveInt
    seed: Seed
