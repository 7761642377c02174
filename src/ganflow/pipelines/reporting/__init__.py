"""The `reporting` pipeline."""

from ganflow.pipelines.reporting.pipeline import create_challenger_pipeline, create_pipeline

__all__ = ["create_challenger_pipeline", "create_pipeline"]
