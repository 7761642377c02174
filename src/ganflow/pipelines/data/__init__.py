"""The `data` pipeline."""

from ganflow.pipelines.data.pipeline import create_pipeline

__all__ = ["create_pipeline"]
