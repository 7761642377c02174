"""`parameters_sampling.yml`: what is drawn from a trained generator."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import PositiveInt, Section, Seed


class SamplingParameters(Section):
    """What is drawn from a trained generator.

    Attributes:
        num_images: single PNGs.
        batch_size: images drawn in one call.
        classes: numbers of the classes that are asked for, in turn; None for all, single images in the proportions of the training images.
        sheet_columns: of the sample sheet, which is a square, or has a row for each class.
        num_interpolations: rows of the interpolation strip.
        num_interpolation_steps: images in each of its rows, both ends included.
        seed: of the latents.
    """

    num_images: PositiveInt
    batch_size: PositiveInt
    classes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None
    sheet_columns: PositiveInt
    num_interpolations: PositiveInt
    num_interpolation_steps: Annotated[int, Field(ge=2)]
    seed: Seed
