"""The `reporting` pipeline."""

from ganflow.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
