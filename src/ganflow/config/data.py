"""`parameters_data.yml`: where the images come from."""

from __future__ import annotations

from ganflow.config.section import PositiveInt, Section, Seed


class DataParameters(Section):
    """Where the images come from and how many are kept apart.

    Attributes:
        source: a key of `ganflow.data.sources.SOURCES`.
        location: folder or URL prefix, for the sources that read one.
        held_out_per_class: images of each class kept for evaluation; None takes the source's own test set.
        seed: of the draw that chooses the held-out images.
    """

    source: str
    location: str | None
    held_out_per_class: PositiveInt | None
    seed: Seed
