"""The `features` pipeline."""

from ganflow.pipelines.features.pipeline import create_pipeline

__all__ = ["create_pipeline"]
