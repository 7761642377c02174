"""The first words of a run and its last: what will be done and how long it takes, what was done, how good it is and where it lies."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline

from ganflow.reporting.verdict import rate_health, rate_scores, suggest
from ganflow.reporting.words import duration
from ganflow.runtime.cluster import membership

logger = logging.getLogger(__name__)

WORTH_A_LOOK = {
    "report": "report",
    "decision_page": "decision",
    "study_report": "study",
    "sample_sheet": "sample sheet",
    "samples": "single images",
    "evolution": "evolution",
    "metrics_table": "scores",
    "contact_sheet": "contact sheet",
    "data_report": "data report",
    "generator": "generator",
}
"""Datasets that a person opens after a run, in the order in which they are named."""

_SELECTIONS = ("tags", "from_nodes", "to_nodes", "node_names", "from_inputs", "to_outputs", "namespaces", "only_missing_outputs")
"""What Kedro calls the ways to run a part of a pipeline."""

_REMEMBERED = ("data_report", "decisions", "generator_record", "metrics", "study_runs")

_PAGES = {"report", "decision_page", "study_report"}
_ON_PAGES = {"contact_sheet", "data_report"}
"""Need no word of their own beside a page."""


class SummaryHooks:
    """Says at the start what will be done, and at the end what was done."""

    def __init__(self) -> None:
        self._project = Path()
        self._begun = 0.0
        # runs that were trained from their first step on, or went on where they were
        self._begun_anew: dict[str, bool] = {}
        self._saved: dict[str, Any] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Say how long the last run like this one took."""
        self._begun, self._begun_anew, self._saved = time.monotonic(), {}, {}
        last = _durations(catalog).get(_name(run_params))
        names = ", ".join(sorted(run_params.get("pipeline_names") or ["the whole job"]))
        names = f"a part of {names}" if any(run_params.get(name) for name in _SELECTIONS) else names
        about = f"; the last one like it took {duration(last)}" if last else ""
        logger.info("Begins: %s, %d nodes%s.", names, len(pipeline.nodes), about)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Remember what the last words are about."""
        if dataset_name in WORTH_A_LOOK or dataset_name in _REMEMBERED:
            self._saved[dataset_name] = data if dataset_name in _REMEMBERED else None
        if dataset_name == "training_history":
            for run_id, rows in data.items():
                # a run that starts anew begins with an empty history
                self._begun_anew.setdefault(run_id, rows.empty)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Say what was done, how good it is, and where it lies."""
        if not membership().is_chief:
            return
        seconds = time.monotonic() - self._begun
        self._tell(catalog)
        logger.info("Done in %s.", duration(seconds))
        self._note_duration(run_params, pipeline, catalog, seconds)

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, catalog: CatalogProtocol) -> None:
        """Say what was done before a page, or another last thing, failed."""
        if membership().is_chief and "generator_record" in self._saved:
            self._tell(catalog)

    def _tell(self, catalog: CatalogProtocol) -> None:
        # of a run that was finished before, nothing is observed any more
        try:
            diagnosis = catalog.load("diagnosis") if "generator_record" in self._saved else {}
        except DatasetError as error:
            logger.warning("%s", error)
            diagnosis = {}
        for line in describe_outcome(self._saved, diagnosis):
            logger.info("%s", line)
        shown = self._saved.keys() - (_ON_PAGES if _PAGES & self._saved.keys() else set())
        for name, label in WORTH_A_LOOK.items():
            if name in shown and (path := self._path(catalog, name)):
                logger.info("%s: %s", label.capitalize(), path)

    def _path(self, catalog: CatalogProtocol, name: str) -> str:
        """Where a dataset lies, seen from the project; "" if that is nowhere."""
        dataset = catalog.get(name)
        # what lies at one place or another, by what it is, says where
        path = getattr(dataset, "stored", None) or getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
        if path is None:
            return ""
        absolute = self._project / str(path)
        return str(absolute.relative_to(self._project)) if absolute.is_relative_to(self._project) else str(absolute)

    def _note_duration(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol, seconds: float) -> None:
        """For the next run's first words; not of a run that found a part of its training done."""
        trains = "training_history" in pipeline.all_outputs()
        if trains and not (self._begun_anew and all(self._begun_anew.values())):
            return
        try:
            catalog.save("durations", _durations(catalog) | {_name(run_params): round(seconds, 1)})
        except DatasetError as error:
            logger.warning("How long this run took could not be noted. %s", error)


def describe_outcome(saved: dict[str, Any], diagnosis: dict[str, dict[str, Any]]) -> list[str]:
    """Sentences on what a run has saved.

    Args:
        saved: {name of a dataset: what was saved}.
        diagnosis: {run id: what the doctor says}.
    """
    lines = []
    if "data_report" in saved and "generator_record" not in saved:
        report = saved["data_report"]
        shape = " × ".join(map(str, report["image_shape"]))
        lines.append(f"{report['num_train']} training and {report['num_held_out']} held-out images of {shape}, from {report['source']}.")
    if "study_runs" in saved:
        runs = saved["study_runs"]
        lines.append(f"{len(runs)} runs were studied; {int((runs['outcome'] == 'healthy').sum())} of them are healthy.")
    if "metrics" in saved:
        lines += rate_scores(saved["metrics"]["scores"])
    if "generator_record" in saved:
        record = saved["generator_record"]
        lines.append(rate_health(diagnosis.get(record["run_id"])))
        if "decisions" not in saved:
            lines.append(f"Next: {suggest(record, diagnosis.get(record['run_id']))}")
    for decision in saved.get("decisions", {}).values():
        failed = [condition["name"] for condition in decision["conditions"] if not condition["passed"]]
        reasons = f": {', '.join(failed)} did not hold" if failed else ""
        lines.append(f"The challenger {decision['run_id']} was {'promoted' if decision['promote'] else 'rejected'}{reasons}.")
    return lines


def _name(run_params: dict[str, Any]) -> str:
    """What is run, and a hash of what the command line changes and selects: runs of one name take about as long."""
    changed = {name: run_params.get(name) or None for name in ("runtime_params", *_SELECTIONS)}
    digest = hashlib.sha256(json.dumps(changed, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return f"{','.join(sorted(run_params.get('pipeline_names') or ['__default__']))} {run_params.get('env') or 'base'} {digest}"


def _durations(catalog: CatalogProtocol) -> dict[str, float]:
    try:
        found: dict[str, float] = catalog.load("durations") if catalog.exists("durations") else {}
    except DatasetError:
        # it will be written anew
        return {}
    return found
