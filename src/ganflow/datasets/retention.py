"""Making room: what belongs to challengers of long ago."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from kedro.io import CatalogProtocol

from ganflow.config.tracking import TrackingParameters
from ganflow.tracking.registry import CHAMPION, PREVIOUS, Registry
from ganflow.tracking.runs import find_retrainings, forget_runs

RUN_DATASETS = ("checkpoints", "best_checkpoints", "training_sheets", "training_history", "diagnosis", "decisions")
"""Catalog entries that keep something for each run."""

EXPORTS = ("generator", "generator_record")
"""Catalog entries that keep a version for each export; the second says of which run."""


def remove_runs(catalog: CatalogProtocol, keep: int) -> int:
    """Remove all but the newest challengers: checkpoints, records, exports, registered versions. Champion and previous stay.

    Returns:
        How many were removed.

    Raises:
        TrackingError: if the registry cannot be asked.
    """
    registry: Registry = catalog["champion"].registry
    experiment = TrackingParameters.model_validate(catalog.load("params:tracking")).experiment
    spared = {version.mlflow_run for alias in (CHAMPION, PREVIOUS) if (version := registry.by_alias(alias)) is not None}
    found = find_retrainings(registry, experiment)
    kept = [run for run in found if not run.is_forgotten][:keep]
    outdated = [run for run in found if run not in kept and run.mlflow_run not in spared]
    for run in outdated:
        for name in RUN_DATASETS:
            catalog[name].remove(run.run_id)
    _remove_exports(catalog, {run.run_id for run in outdated}, keep)
    # last: a removal that is cut off is found here again
    if outdated:
        forget_runs(registry, outdated)
    return len(outdated)


def _remove_exports(catalog: CatalogProtocol, run_ids: set[str], keep: int) -> None:
    """Remove exports of these runs, and what repeats the export of one run; never one of the newest."""
    generators, records = (Path(catalog[name]._filepath) for name in EXPORTS)
    versions = sorted((folder.name for folder in records.iterdir() if folder.is_dir()), reverse=True) if records.is_dir() else []
    seen: set[str] = set()
    for number, version in enumerate(versions):
        file = records / version / records.name
        run_id = json.loads(file.read_text(encoding="utf-8"))["run_id"] if file.is_file() else ""
        if number >= keep and (run_id in run_ids or run_id in seen):
            for folder in (generators / version, records / version):
                shutil.rmtree(folder, ignore_errors=True)
        seen.add(run_id)
