"""The `sampling` pipeline."""

from ganflow.pipelines.sampling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
