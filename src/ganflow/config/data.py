"""`parameters_data.yml`: where the images come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ganflow.config.section import Section, Seed


class DataParameters(Section):
    """Where the images come from and which of them are kept apart.

    Attributes:
        source: a key of `ganflow.data.sources.SOURCES`.
        location: file, folder or URL prefix, for the sources that read one.
        held_out_share: about how many of the images are kept for evaluation, between 0 and 1, drawn by a hash of their pixels; None takes
            the source's own test split.
        seed: of the hash.
    """

    source: str
    location: str | None
    held_out_share: Annotated[float, Field(gt=0, lt=1)] | None
    seed: Seed
