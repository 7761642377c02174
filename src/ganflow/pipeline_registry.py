"""The pipelines by name."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from ganflow.pipelines import data, evaluation, models, sampling, training


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline that `kedro run --pipelines` knows, and their sum as the default."""
    pipelines = {
        "data": data.create_pipeline(),
        "models": models.create_pipeline(),
        "training": training.create_pipeline(),
        "sampling": sampling.create_pipeline(),
        "evaluation": evaluation.create_pipeline(),
    }
    return pipelines | {"__default__": sum(pipelines.values(), Pipeline([]))}
