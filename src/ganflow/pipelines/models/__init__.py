"""The `models` pipeline."""

from ganflow.pipelines.models.pipeline import create_pipeline

__all__ = ["create_pipeline"]
