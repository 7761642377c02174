"""`parameters_seed_study.yml`: the same recipe from several seeds."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from ganflow.config.section import PositiveInt, Section, Seed


class SeedStudyParameters(Section):
    """The same recipe from several seeds, or several recipes beside each other.

    Attributes:
        num_seeds: runs of each recipe.
        first_seed: of theirs, which are consecutive.
        recipes: presets, such as `classic`, or `base` for the defaults alone; none takes the settings of the run at hand.
        num_steps: of every run; None for what its recipe says.
    """

    num_seeds: PositiveInt
    first_seed: Seed
    recipes: tuple[str, ...]
    num_steps: PositiveInt | None

    @field_validator("recipes", mode="before")
    @classmethod
    def _take_one_name(cls, value: Any) -> Any:
        """`recipes=classic` means the list of it."""
        return (value,) if isinstance(value, str) else value
