"""What a page tells of one training run, as plain values that are kept with the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypedDict
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ganflow.records import GeneratorRecord
from ganflow.reporting.pictures import Picture, embed
from ganflow.reporting.sheets import tile

MOST_SHEETS, MOST_CLIP_SHEETS = 12, 6
"""Sheets of the evolution that a page shows, of images and of clips."""

NUM_PAIRS = 10
"""Samples beside their nearest training images."""

NUM_COLUMNS = 10
"""Of the sheets that are made for the page."""


class Change(TypedDict):
    """A parameter that differs from the default."""

    name: str
    value: Any
    default: Any


class RunReport(TypedDict):
    """A training run.

    Attributes:
        run_id: its identity.
        made: when this was written down, in ISO 8601.
        record: of the generator.
        scores: {subject: {key: value}}, of `generator`, `real_images` and `noise`; {} if it was not scored.
        extractor: in whose features; {} likewise.
        diagnosis: of the doctor; None if it did not watch.
        data: counts of images and classes.
        changes: parameters that differ from the defaults; None where these are not known.
        parameters: all of them, by section.
        surroundings: versions and devices.
        training_seconds: that its steps took; None if its history is not there any more.
        evolution: sheets over the steps of training.
        pictures: others, by what they show; absent is what was not there.
        num_searched: training images among which the nearest were looked for.
    """

    run_id: str
    made: str
    record: GeneratorRecord
    scores: Mapping[str, Mapping[str, float]]
    extractor: Mapping[str, Any]
    diagnosis: Mapping[str, Any] | None
    data: Mapping[str, Any]
    changes: list[Change] | None
    parameters: Mapping[str, Any]
    surroundings: Mapping[str, str]
    training_seconds: float | None
    evolution: list[dict[str, Any]]
    pictures: dict[str, Picture]
    num_searched: int


def choose_steps(steps: Iterable[int], last_step: int, most: int) -> list[int]:
    """At most `most` of the steps up to the last, evenly chosen, the first and the last among them; in order."""
    known = [step for step in sorted(steps) if step <= last_step]
    places = np.unique(np.linspace(0, len(known) - 1, min(len(known), most)).round().astype(int))
    return [known[place] for place in places]


def show_evolution(sheets: Mapping[int, Callable[[], np.ndarray]], last_step: int) -> list[dict[str, Any]]:
    """MOST_SHEETS at most of the sheets up to a step; of clips, MOST_CLIP_SHEETS.

    Returns:
        [{"step": …, "picture": …}], in order of training.
    """
    steps = choose_steps(sheets, last_step, MOST_SHEETS)
    if steps and sheets[steps[-1]]().ndim == 4:
        steps = choose_steps(steps, last_step, MOST_CLIP_SHEETS)
    return [{"step": step, "picture": embed(sheets[step]())} for step in steps]


def compare_with_real(samples: np.ndarray, held_out: np.ndarray) -> dict[str, Picture]:
    """Equally many generated and held-out images or clips, two rows each: `generated` and `real`."""
    num = min(len(samples), len(held_out), 2 * NUM_COLUMNS)
    chosen = np.linspace(0, len(held_out) - 1, num).round().astype(int)
    return {"generated": embed(tile(samples[:num], NUM_COLUMNS)), "real": embed(tile(held_out[chosen], NUM_COLUMNS))}


def show_pairs(samples: np.ndarray, nearest: np.ndarray) -> Picture:
    """Samples in the upper row, the training image nearest to each below it.

    Args:
        samples: (N, H, W, C) or (N, T, H, W, C) uint8.
        nearest: the same shape.
    """
    return embed(tile(np.concatenate([samples, nearest]), len(samples)))


def training_seconds(history: pd.DataFrame) -> float:
    """Time that the steps took, from the images seen and the rate of each interval."""
    images = history["images_seen"].diff().fillna(history["images_seen"])
    return float((images / history["images_per_second"]).sum())


def find_changes(parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Change]:
    """The parameters that differ from the defaults, by dotted name; a list is one value."""
    flat, usual = flatten(parameters), flatten(defaults)
    return [
        {"name": name, "value": flat.get(name), "default": usual.get(name)}
        for name in sorted(flat.keys() | usual.keys())
        if flat.get(name) != usual.get(name)
    ]


def finite(scores: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Scores without those that are no number, such as a distance within classes of which none has enough images."""
    return {subject: {key: value for key, value in own.items() if math.isfinite(value)} for subject, own in scores.items()}


def publishable(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Parameters without what may let somebody in: user, password and query of an address."""
    cleaned = {section: dict(values) for section, values in parameters.items()}
    location = cleaned.get("data", {}).get("location")
    if isinstance(location, str) and "://" in location:
        parts = urlsplit(location)
        cleaned["data"]["location"] = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return cleaned


def when(moment: datetime) -> str:
    """A time as a page states it."""
    return moment.isoformat(timespec="seconds")


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat
