"""The `evaluation` pipeline."""

from ganflow.pipelines.evaluation.pipeline import create_pipeline

__all__ = ["create_pipeline"]
