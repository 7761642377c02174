"""Every training run on record in MLflow."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from ganflow.config.tracking import TrackingParameters
from ganflow.datasets.images import encode
from ganflow.errors import TrackingError, TrainingInterruptedError
from ganflow.hooks.retraining import is_retraining
from ganflow.records import GeneratorRecord, Metrics, RunRecord
from ganflow.runtime.cluster import membership
from ganflow.tracking.registry import CHALLENGER
from ganflow.tracking.runs import RETRAINING, RunRecorder, describe_surroundings

if TYPE_CHECKING:
    from ganflow.champion.decision import Decisions

logger = logging.getLogger(__name__)

# the parameters that decide what a run makes
RECORDED_SECTIONS = ("data", "networks", "training", "health", "extractor", "evaluation")


class TrackingHooks:
    """Watches what a training run saves, and records it.

    A record that cannot be written stops a retraining, which needs it, but no other training: that goes on, with a warning.
    """

    def __init__(self) -> None:
        self._project = Path()
        self._recorder: RunRecorder | None = None
        self._parameters: dict[str, Any] = {}
        self._is_retraining = False
        # saved earlier in this run, and needed when later datasets are recorded
        self._runs: dict[str, RunRecord] = {}
        self._generator_record: GeneratorRecord | None = None
        self._decided_run = ""
        self._catalog: CatalogProtocol | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Decide whether there is anything to record, without asking MLflow."""
        self._recorder, self._runs, self._catalog = None, {}, catalog
        outputs = pipeline.all_outputs()
        if "checkpoints" not in outputs or not membership().is_chief:
            return
        tracking = TrackingParameters.model_validate(catalog.load("params:tracking"))
        if not tracking.enabled:
            return
        self._is_retraining = is_retraining(pipeline)
        self._parameters = {name: catalog.load(f"params:{name}") for name in RECORDED_SECTIONS}
        pipelines = ",".join(run_params.get("pipeline_names") or ["__default__"])
        self._recorder = RunRecorder(catalog["champion"].registry, tracking.experiment, {"pipelines": pipelines})

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Record what concerns a run."""
        record: Callable[[Any], None] | None = getattr(self, f"_record_{dataset_name}", None)
        if self._recorder is None or record is None:
            return
        try:
            record(data)
        except TrackingError as error:
            if self._is_retraining:
                raise
            logger.warning("This run is no longer recorded; training itself goes on. %s", error)
            self._recorder = None

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Close the record."""
        self._end("FINISHED")

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Close the record, and say why."""
        self._end("KILLED" if isinstance(error, TrainingInterruptedError) else "FAILED")

    def _end(self, status: str) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            try:
                recorder.end(status)
            except TrackingError as error:
                logger.warning("%s", error)

    # one method for each dataset, named after it

    def _record_training_run(self, run: RunRecord) -> None:
        self._begin(run)

    def _record_study_plan(self, plan: dict[str, Any]) -> None:
        for planned in plan.values():
            self._runs[planned.training_run["run_id"]] = planned.training_run

    def _record_training_history(self, history: dict[str, Any]) -> None:
        for run_id, rows in history.items():
            recorder = self._opened(run_id)
            for row in rows.to_dict(orient="records"):
                recorder.add_row(run_id, row)

    def _record_training_sheets(self, sheets: dict[str, dict[int, Any]]) -> None:
        for run_id, images in sheets.items():
            for step, pixels in images.items():
                suffix, content = encode(pixels)
                self._opened(run_id).add_file(run_id, f"sheets/step-{step:07d}{suffix}", content)

    def _record_diagnosis(self, diagnosis: dict[str, dict[str, Any]]) -> None:
        for run_id, found in diagnosis.items():
            self._opened(run_id).add_record(run_id, "diagnosis.json", found)

    def _record_generator_record(self, record: GeneratorRecord) -> None:
        self._generator_record = record

    def _record_generator(self, generator: Any) -> None:
        record = self._generator_record
        assert record is not None  # noqa: S101 (one node saves both, the record first)
        recorder = self._opened(record["run_id"])
        version = recorder.register(record["run_id"], generator, record)
        logger.info("The generator is version %d of '%s'.", version.number, recorder.registry.model)
        if self._is_retraining:
            recorder.registry.set_alias(CHALLENGER, version.number)

    def _record_metrics(self, metrics: Metrics) -> None:
        record = metrics["generator"]
        if record["run_id"] in self._runs:
            recorder = self._opened(record["run_id"])
            recorder.add_scores(record["run_id"], metrics["scores"]["generator"], record["step"])
            # with the extractor in whose features they are
            recorder.add_record(record["run_id"], "metrics.json", metrics)

    def _record_decisions(self, decisions: Decisions) -> None:
        for run_id, decision in decisions.items():
            self._opened(run_id).add_record(run_id, "decision.json", decision)
            self._decided_run = run_id

    def _record_decision_page(self, page: str) -> None:
        self._opened(self._decided_run).add_text(self._decided_run, "decision.html", page)

    def _begin(self, run: RunRecord) -> RunRecorder:
        assert self._recorder is not None  # noqa: S101 (asked by the caller)
        run_id = run["run_id"]
        self._runs[run_id] = run
        if not self._recorder.tags.keys() > {"pipelines"}:
            self._recorder.tags |= describe_surroundings(self._project)
        tags = {"data.sha256": run["data"]["sha256"]} | ({RETRAINING: self._recorder.registry.model} if self._is_retraining else {})
        self._recorder.begin(run_id, self._parameters | {"data": run["data"], "training": run["training"]}, tags)
        return self._recorder

    def _opened(self, run_id: str) -> RunRecorder:
        """The recorder, with the record of a run open; a study's runs are opened when their turn comes."""
        assert self._recorder is not None  # noqa: S101 (asked by the caller)
        if self._recorder.is_open(run_id):
            return self._recorder
        # a run that begins in the middle of the pipeline has not saved it, but has it
        return self._begin(self._runs.get(run_id) or self._catalog.load("training_run"))  # type: ignore[union-attr]
