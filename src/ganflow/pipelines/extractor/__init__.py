"""The `extractor` pipeline."""

from ganflow.pipelines.extractor.pipeline import create_pipeline

__all__ = ["create_pipeline"]
