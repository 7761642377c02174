"""Nodes that write down what a run was, and make a page of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from ganflow.config.reporting import ReportingParameters
from ganflow.data.images import ImageSet
from ganflow.errors import ConfigurationError, DataError
from ganflow.metrics.images import find_nearest
from ganflow.records import GeneratorRecord, Metrics
from ganflow.reporting import pages
from ganflow.reporting.figures import draw_training
from ganflow.reporting.pictures import embed
from ganflow.reporting.run import (
    NUM_PAIRS,
    RunReport,
    compare_with_real,
    find_changes,
    finite,
    publishable,
    show_evolution,
    show_pairs,
    training_seconds,
    when,
)

Sheets = Mapping[str, Mapping[int, Callable[[], np.ndarray]]]
"""{run id: {step: function that reads the sheet}}."""

MOST_BYTES = 500_000_000
"""Of training images among which the nearest are looked for; of more, every second, third … is."""

UNTOLD = ("notify", "tracking")
"""Sections of parameters that concern no run; a command to notify may hold a key."""


def describe_training(
    generator_record: GeneratorRecord,
    training_history: dict[str, pd.DataFrame],
    sheets: Sheets,
    diagnosis: Mapping[str, Any],
    data_report: dict[str, Any],
    parameters: dict[str, Any],
    defaults: dict[str, Any],
    surroundings: dict[str, str],
    now: datetime,
    earlier: dict[str, RunReport],
) -> dict[str, RunReport]:
    """What a page tells of a run before anything is drawn or scored; of a challenger, that is all."""
    run_id = generator_record["run_id"]
    told = publishable(_plain(parameters))
    # a challenger has a seed of its own
    told["training"]["seed"] = generator_record["training"]["seed"]
    report: RunReport = {
        "run_id": run_id,
        "made": when(now),
        "record": generator_record,
        "scores": {},
        "extractor": {},
        "diagnosis": diagnosis.get(run_id),
        "data": {name: value for name, value in data_report.items() if name not in ("pictures", "recommended")},
        "changes": find_changes(told, publishable(_plain(defaults))) if defaults else None,
        "parameters": told,
        "surroundings": surroundings,
        "training_seconds": training_seconds(training_history[run_id]) if run_id in training_history else None,
        "evolution": show_evolution(sheets.get(run_id, {}), generator_record["step"]),
        "pictures": {},
        "num_searched": 0,
    }
    known = earlier.get(run_id)
    if known is not None and known["record"] == generator_record:
        # nothing was trained now: what it was trained with, and where, is what was said then
        report["changes"], report["parameters"], report["surroundings"] = known["changes"], known["parameters"], known["surroundings"]
    return {run_id: report}


def describe_run(
    training_reports: dict[str, RunReport],
    metrics: Metrics,
    sample_sheet: np.ndarray,
    samples: np.ndarray,
    interpolation: np.ndarray,
    frame_strip: np.ndarray,
    streams: np.ndarray,
    train: ImageSet,
    held_out: ImageSet,
) -> dict[str, RunReport]:
    """All that a page tells of a run, to be kept with it: what the next run writes anew, and what is worked out from images."""
    ((run_id, told),) = training_reports.items()
    searched = train.images[:: _stride(train.images)]
    few = samples[:NUM_PAIRS]
    indices, _ = find_nearest(few, searched)
    pictures = {
        "samples": embed(sample_sheet),
        "interpolation": embed(interpolation),
        # a generator of images has neither
        **{name: embed(picture) for name, picture in (("frame_strip", frame_strip), ("streams", streams)) if picture.size},
        "neighbours": show_pairs(few, searched[indices]),
        **compare_with_real(samples, held_out.images),
    }
    scored = {"scores": finite(metrics["scores"]), "extractor": metrics["feature_extractor"]}
    return {run_id: cast("RunReport", told | scored | {"pictures": pictures, "num_searched": len(searched)})}


def _stride(images: np.ndarray) -> int:
    return max(1, math.ceil(images.nbytes / MOST_BYTES))


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Sections as plain values, those about runs left out."""
    return {
        name: section.model_dump(mode="json") if hasattr(section, "model_dump") else section
        for name, section in parameters.items()
        if name not in UNTOLD
    }


def draw_curves(
    training_history: dict[str, pd.DataFrame], generator_record: GeneratorRecord, diagnosis: Mapping[str, Any]
) -> dict[str, Any]:
    """The curves of the newest run, for whoever shows figures."""
    run_id = generator_record["run_id"]
    if run_id not in training_history:
        return {"data": [], "layout": {}}
    return draw_training(training_history[run_id], generator_record["step"], diagnosis.get(run_id, {}).get("findings", []))


def write_report(run_reports: dict[str, RunReport], training_history: dict[str, pd.DataFrame], parameters: ReportingParameters) -> str:
    """The page of the newest run, of one that is named, or of two side by side."""
    if not run_reports:
        raise DataError("Got no run that could be reported, expected at least one. Run the whole job first: kedro run")
    newest = max(run_reports.values(), key=lambda report: report["made"])
    chosen = [_find(run_reports, run_id) for run_id in parameters.runs] or [newest]
    if len(chosen) == 1:
        return pages.write_run(chosen[0], training_history.get(chosen[0]["run_id"]))
    return pages.write_comparison(chosen, training_history)


def _find(reports: dict[str, RunReport], run_id: str) -> RunReport:
    if run_id not in reports:
        known = ", ".join(sorted(reports, key=lambda name: reports[name]["made"], reverse=True)[:5])
        raise ConfigurationError(
            f"There is no run '{run_id[:40]}' on record in this project; the newest are {known}. Set reporting.runs to some of those."
        )
    return reports[run_id]
