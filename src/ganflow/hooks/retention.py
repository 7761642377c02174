"""Making room: what belongs to challengers of long ago is removed from the catalog and the registry."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from kedro.io import CatalogProtocol

from ganflow.champion.retention import choose_exports, choose_outdated
from ganflow.config.tracking import TrackingParameters
from ganflow.datasets.runs import remove_run
from ganflow.tracking.registry import CHAMPION, PREVIOUS, Registry
from ganflow.tracking.runs import find_retrainings, forget_runs, withdraw_versions

EXPORTS = ("generator", "generator_record")
"""Catalog entries that keep a version for each export; the second says of which run."""


def remove_runs(catalog: CatalogProtocol, keep: int) -> int:
    """Remove all but the newest challengers: folders of runs, exports, registered versions. Champion and previous stay.

    Returns:
        How many were removed.

    Raises:
        TrackingError: if the registry cannot be asked.
    """
    registry: Registry = catalog["champion"].registry
    experiment = TrackingParameters.model_validate(catalog.load("params:tracking")).experiment
    spared = {version.mlflow_run for alias in (CHAMPION, PREVIOUS) if (version := registry.by_alias(alias)) is not None}
    outdated = choose_outdated(find_retrainings(registry, experiment), spared, keep)
    # first: what is still registered can become champion, and then needs all that belongs to its run
    if outdated:
        withdraw_versions(registry, outdated)
    for run in outdated:
        remove_run(Path(catalog["checkpoints"]._path), run.run_id)
    _remove_exports(catalog, {run.run_id for run in outdated}, keep)
    # last: a removal that is cut off is found here again
    if outdated:
        forget_runs(registry, outdated)
    return len(outdated)


def _remove_exports(catalog: CatalogProtocol, outdated: set[str], keep: int) -> None:
    generators, records = (Path(catalog[name]._filepath) for name in EXPORTS)
    versions = sorted((folder.name for folder in records.iterdir() if folder.is_dir()), reverse=True) if records.is_dir() else []
    run_ids = {version: _read_run_id(records / version / records.name) for version in versions}
    for version in choose_exports(run_ids, outdated, keep):
        for folder in (generators / version, records / version):
            shutil.rmtree(folder, ignore_errors=True)


def _read_run_id(file: Path) -> str:
    """Run that an exported generator is of; "" if its record is not there."""
    return json.loads(file.read_text(encoding="utf-8"))["run_id"] if file.is_file() else ""
