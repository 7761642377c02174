"""Making room: what belongs to challengers of long ago."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from kedro.io import CatalogProtocol

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
    spared = {version.mlflow_run for alias in (CHAMPION, PREVIOUS) if (version := registry.by_alias(alias)) is not None}
    outdated = {run: mlflow_run for mlflow_run, run in find_retrainings(registry)[keep:] if mlflow_run not in spared}
    for run_id in outdated:
        for name in RUN_DATASETS:
            catalog[name].remove(run_id)
    _remove_exports(catalog, set(outdated), keep)
    # last: a removal that is cut off is found here again
    if outdated:
        forget_runs(registry, list(outdated.values()))
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
