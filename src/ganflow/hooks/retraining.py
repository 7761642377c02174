"""What surrounds a retraining: an early end where there is nothing to do, an end to old challengers, a word to the team."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline

from ganflow.config.notify import NotifyParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.tracking import TrackingParameters
from ganflow.datasets.retention import remove_runs
from ganflow.errors import CollapseError, ConfigurationError, DivergenceError, NothingToDo, TrackingError
from ganflow.runtime.cluster import membership

logger = logging.getLogger(__name__)


def is_retraining(pipeline: Pipeline) -> bool:
    """Whether it is the retraining pipeline, or a part of it that decides something."""
    return not pipeline.all_outputs().isdisjoint(("retraining_reason", "decisions", "promotion"))


class RetrainingHooks:
    """Concerned with the retraining pipeline and its parts, and no others."""

    def __init__(self) -> None:
        self._project = Path()
        self._notify = NotifyParameters()
        self._event: dict[str, Any] | None = None
        # of the challenger under way
        self._reason: dict[str, Any] = {}
        self._run_id: str | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Refuse what cannot work.

        Raises:
            ConfigurationError: with several machines, or without a record of runs.
        """
        self._event, self._reason, self._run_id = None, {}, None
        if not is_retraining(pipeline):
            return
        if membership().num_workers > 1:
            raise ConfigurationError(
                "A retraining runs on one machine, on all of its GPUs, but TF_CONFIG names several workers. Unset TF_CONFIG, or train with "
                "`kedro run` first: the retraining then finds that run finished."
            )
        if not TrackingParameters.model_validate(catalog.load("params:tracking")).enabled:
            raise ConfigurationError("A retraining needs the registry of models, but tracking.enabled is false. Set tracking.enabled=true.")
        self._notify = NotifyParameters.model_validate(catalog.load("params:notify"))
        self._event = {}

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """End the run early where there is nothing to do; remember what was decided."""
        if self._event is None:
            return
        if dataset_name == "retraining_reason":
            if not data["is_due"]:
                logger.info("Nothing to do: %s.", data["why"])
                self._event = None
                raise NothingToDo
            logger.info("A challenger is trained: %s.", data["why"])
            self._reason = data
        if dataset_name == "training_run":
            self._run_id = data["run_id"]
        if dataset_name == "decisions":
            (decision,) = data.values()
            self._event = {"event": "promoted" if decision["promote"] else "rejected"} | {
                name: decision[name] for name in ("run_id", "why", "champion", "conditions")
            }

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Tell, and make room."""
        verdict, self._event = self._event, None
        # of a part that decides nothing there is nothing to say
        if not verdict:
            return
        failed = [condition["name"] for condition in verdict["conditions"] if not condition["passed"]]
        reasons = f": {', '.join(failed)} did not hold" if failed else ""
        logger.info("The challenger %s was %s%s. Why: data/08_reporting/decision.md", verdict["run_id"], verdict["event"], reasons)
        self._tell(verdict)
        try:
            removed = remove_runs(catalog, RetrainingParameters.model_validate(catalog.load("params:retraining")).keep)
            if removed:
                logger.info("Removed %d challengers of earlier retrainings.", removed)
        except (TrackingError, OSError, ValueError) as error:
            logger.warning("Old challengers were not removed; the next retraining tries again. %s", error)

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: CatalogProtocol) -> None:
        """Tell; and have a training that failed for good not begun again with the same seed."""
        if self._event is None:
            return
        self._event = None
        if isinstance(error, DivergenceError | CollapseError) and self._reason and self._run_id is not None:
            # here, since every command imports the hooks, and this brings all that scores
            from ganflow.pipelines.retraining.nodes import reject_failed

            try:
                catalog.save("decisions", {self._run_id: reject_failed(self._run_id, self._reason, error)})
            except DatasetError as second:
                logger.warning("That this attempt failed could not be noted. %s", second)
        self._tell({"event": "failed", "error": " ".join(str(error).split())})

    def _tell(self, event: dict[str, Any]) -> None:
        if self._notify.command is not None:
            tell(self._notify, {"project": str(self._project), "time": datetime.now(UTC).isoformat(timespec="seconds"), **event})


def tell(notify: NotifyParameters, event: dict[str, Any]) -> None:
    """Run the command with the event on its standard input; whatever becomes of it, the retraining is not touched."""
    assert notify.command is not None  # noqa: S101 (asked by the caller)
    try:
        with subprocess.Popen(  # noqa: S603 (the user's own command)
            notify.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            try:
                process.communicate(json.dumps(event).encode(), notify.timeout_seconds)
            except BaseException:
                # with all that it has started: of a shell, the programs would stay behind; it may have ended in this moment
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        failure = f"ended with exit status {process.returncode}" if process.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"took more than {notify.timeout_seconds:g} s"
    except OSError as error:
        failure = f"cannot be started: {error.strerror}"
    if failure:
        # without its arguments, which may hold the key of a webhook
        logger.warning("notify.command '%s' %s.", notify.command[0], failure)
