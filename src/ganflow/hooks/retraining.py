"""What surrounds a retraining: one at a time, an early end where there is nothing to do, an end to old challengers, a word to the team."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from ganflow.cluster import membership
from ganflow.config import NotifyParameters, RetrainingParameters, TrackingParameters
from ganflow.datasets.retention import remove_runs
from ganflow.errors import ConfigurationError, NothingToDo, TrackingError
from ganflow.locks import take_lock

logger = logging.getLogger(__name__)

LOCK = Path("data/.retraining.lock")


class RetrainingHooks:
    """Concerned with pipelines that ask for a reason, and no others."""

    def __init__(self) -> None:
        self._project = Path()
        self._lock: int | None = None
        self._notify = NotifyParameters()
        self._event: dict[str, Any] | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse what cannot work, and take the lock.

        Raises:
            ConfigurationError: with several machines, or without a record of runs.
            AlreadyRunningError: if another retraining of this project is under way.
        """
        self._event = None
        if "retraining_reason" not in pipeline.all_outputs():
            return
        if membership().num_workers > 1:
            raise ConfigurationError(
                "A retraining runs on one machine, on all of its GPUs, but TF_CONFIG names several workers. Unset TF_CONFIG, or train with "
                "`kedro run` first: the retraining then finds that run finished."
            )
        if not TrackingParameters.model_validate(catalog.load("params:tracking")).enabled:
            raise ConfigurationError("A retraining needs the registry of models, but tracking.enabled is false. Set tracking.enabled=true.")
        self._notify = NotifyParameters.model_validate(catalog.load("params:notify"))
        self._lock = take_lock(self._project / LOCK, "retraining")
        self._event = {}

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """End the run early where there is nothing to do; remember what was decided."""
        if self._event is None:
            return
        if dataset_name == "retraining_reason":
            if not data["is_due"]:
                logger.info("Nothing to do: %s.", data["why"])
                self._release()
                raise NothingToDo
            logger.info("A challenger is trained: %s.", data["why"])
        if dataset_name == "decisions":
            (decision,) = data.values()
            self._event = {"event": "promoted" if decision["promote"] else "rejected"} | {
                name: decision[name] for name in ("run_id", "why", "champion", "conditions")
            }

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Make room, tell, and let the next one in."""
        if self._event is None:
            return
        verdict = self._event
        failed = [condition["name"] for condition in verdict["conditions"] if not condition["passed"]]
        reasons = f": {', '.join(failed)} did not hold" if failed else ""
        logger.info("The challenger %s was %s%s. Why: data/08_reporting/decision.md", verdict["run_id"], verdict["event"], reasons)
        try:
            removed = remove_runs(catalog, RetrainingParameters.model_validate(catalog.load("params:retraining")).keep)
            if removed:
                logger.info("Removed %d challengers of earlier retrainings.", removed)
        except TrackingError as error:
            logger.warning("Old challengers were not removed. %s", error)
        self._tell(verdict)
        self._release()

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Tell, and let the next one in."""
        if self._event is None:
            return
        self._tell({"event": "failed", "error": " ".join(str(error).split())})
        self._release()

    def _release(self) -> None:
        self._event = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _tell(self, event: dict[str, Any]) -> None:
        if self._notify.command is not None:
            tell(self._notify, {"project": str(self._project), "time": datetime.now(UTC).isoformat(timespec="seconds"), **event})


def tell(notify: NotifyParameters, event: dict[str, Any]) -> None:
    """Run the command with the event on its standard input; whatever becomes of it, the retraining is not touched."""
    assert notify.command is not None  # noqa: S101 (asked by the caller)
    try:
        subprocess.run(  # noqa: S603 (the user's own command)
            notify.command, input=json.dumps(event), text=True, timeout=notify.timeout_seconds, check=True, capture_output=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("notify.command failed: %s", error)
