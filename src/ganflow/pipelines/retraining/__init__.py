"""The `retraining` pipeline."""

from ganflow.pipelines.retraining.pipeline import create_pipeline

__all__ = ["create_pipeline"]
