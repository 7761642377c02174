"""What kedro-viz shows of the last run."""

from __future__ import annotations

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from ganflow.errors import NothingToDo


class VizHooks:
    """Lets kedro-viz show the state of the last retraining, which it would leave out since it is not the default pipeline."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Have a retraining recorded as the whole pipeline that it is."""
        if run_params.get("pipeline_names") == ["retraining"]:
            from kedro_viz.integrations.kedro.run_hooks import pipeline_run_hook

            pipeline_run_hook.before_pipeline_run(run_params | {"pipeline_names": None}, pipeline)

    @hook_impl(tryfirst=True)
    def on_pipeline_error(self, error: Exception) -> None:
        """Keep what was shown before, where there was nothing to do."""
        if isinstance(error, NothingToDo):
            from kedro_viz.integrations.kedro.run_hooks import pipeline_run_hook

            pipeline_run_hook._should_collect_events = False
