"""The `seed_study` pipeline."""

from ganflow.pipelines.seed_study.pipeline import create_pipeline

__all__ = ["create_pipeline"]
