"""`parameters_evaluation.yml`: how a generator is scored."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import PositiveInt, Section, Seed


class EvaluationParameters(Section):
    """How a generator is scored.

    Attributes:
        num_samples: generated images that are scored; real training images and noise are scored in the same number.
        batch_size: images drawn or classified in one call.
        num_neighbours: k of precision, recall, density and coverage.
        seed: of the latents and the noise.
    """

    num_samples: Annotated[int, Field(ge=2)]
    batch_size: PositiveInt
    num_neighbours: PositiveInt
    seed: Seed
