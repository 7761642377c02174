"""What kedro-viz shows of the last run."""

from __future__ import annotations

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from ganflow.errors import NothingToDo

SHOWN: tuple[list[str], ...] = ([], ["__default__"], ["retraining"])
"""Names of pipelines whose state is worth keeping for the next look."""


class VizHooks:
    """Lets kedro-viz show the state of the last main job or retraining, and nothing of a run that is a part of them.

    It takes Kedro's older name for the pipelines of a command, and so every command for the main job.
    """

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Have a main job or a retraining recorded as the whole that it is."""
        names = list(run_params.get("pipeline_names") or [])
        if names not in SHOWN:
            _recorder()._should_collect_events = False
        elif names and not _recorder()._should_collect_events:
            _recorder().before_pipeline_run(run_params | {"pipeline_names": None, "pipeline_name": None}, pipeline)

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Keep what was shown before, where there was nothing to do."""
        if isinstance(error, NothingToDo):
            _recorder()._should_collect_events = False


def _recorder() -> Any:
    # here: Kedro loads it with its plugins, if they are wanted
    from kedro_viz.integrations.kedro.run_hooks import pipeline_run_hook

    return pipeline_run_hook
