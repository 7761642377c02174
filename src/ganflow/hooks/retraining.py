"""What surrounds a retraining: it ends early where there is nothing to do, removes old challengers, and tells the team."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline

from ganflow.config.notify import NotifyParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.tracking import TrackingParameters
from ganflow.errors import CollapseError, ConfigurationError, DivergenceError, NothingToDo, TrackingError
from ganflow.hooks.retention import remove_runs
from ganflow.runtime.cluster import membership

if TYPE_CHECKING:
    from ganflow.champion.decision import Decisions, Reason

logger = logging.getLogger(__name__)


def is_retraining(pipeline: Pipeline) -> bool:
    """Whether it is the retraining pipeline, or a part of it that decides something."""
    return not pipeline.all_outputs().isdisjoint(("retraining_reason", "decisions", "promotion"))


class RetrainingHooks:
    """Concerned with the retraining pipeline and its parts, and no others."""

    def __init__(self) -> None:
        self._project = Path()
        self._notify: NotifyParameters | None = None
        self._event: dict[str, Any] | None = None
        # of the challenger that is trained
        self._reason: Reason | None = None
        self._run_id: str | None = None
        self._is_carried_out = False

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
        self._event, self._reason, self._run_id, self._is_carried_out = None, None, None, False
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
            self._take_reason(data)
        if dataset_name == "training_run":
            self._run_id = data["run_id"]
        if dataset_name == "decisions":
            self._take_decision(data)
        if dataset_name == "promotion":
            self._is_carried_out = True

    def _take_reason(self, reason: Reason) -> None:
        if not reason["is_due"]:
            logger.info("Nothing to do: %s.", reason["why"])
            self._event = None
            raise NothingToDo(f"{reason['why']}.")
        logger.info("A challenger is trained: %s.", reason["why"])
        self._reason = reason

    def _take_decision(self, decisions: Decisions) -> None:
        (decision,) = decisions.values()
        self._event = {
            "event": "promoted" if decision["promote"] else "rejected",
            "run_id": decision["run_id"],
            "why": decision["why"],
            "champion": decision["champion"],
            "conditions": decision["conditions"],
        }

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Tell, and make room."""
        verdict, self._event = self._event, None
        # a part of the pipeline may decide nothing
        if not verdict:
            return
        self._tell(verdict)
        self._make_room(catalog)

    def _make_room(self, catalog: CatalogProtocol) -> None:
        try:
            removed = remove_runs(catalog, RetrainingParameters.model_validate(catalog.load("params:retraining")).keep)
            if removed:
                logger.info("Removed %d challengers of earlier retrainings.", removed)
        except (TrackingError, OSError, ValueError) as error:
            logger.warning("Old challengers were not removed; the next retraining tries again. %s", error)

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: CatalogProtocol) -> None:
        """Tell; and reject a challenger whose training failed for good, so that it is not begun again with the same seed."""
        if self._event is None:
            return
        verdict, self._event = self._event, None
        if self._is_carried_out:
            # what failed came after the promotion, such as a page
            self._tell({**verdict, "error": " ".join(str(error).split())})
            self._make_room(catalog)
            return
        if isinstance(error, DivergenceError | CollapseError) and self._reason and self._run_id is not None:
            # here, since every command imports the hooks, and this brings SciPy
            from ganflow.champion.decision import reject_failed

            try:
                catalog.save("decisions", {self._run_id: reject_failed(self._run_id, self._reason, error, datetime.now(UTC))})
            except DatasetError as second:
                logger.warning("That this attempt failed could not be noted. %s", second)
        self._tell({"event": "failed", "error": " ".join(str(error).split())})

    def _tell(self, event: dict[str, Any]) -> None:
        if self._notify is not None and self._notify.command is not None:
            tell(self._notify, {"project": str(self._project), "time": datetime.now(UTC).isoformat(timespec="seconds"), **event})


def tell(notify: NotifyParameters, event: dict[str, Any]) -> None:
    """Run the command with the event on its standard input; a command that fails is a warning, and no more."""
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
