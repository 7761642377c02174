"""The `networks` pipeline."""

from ganflow.pipelines.networks.pipeline import create_pipeline

__all__ = ["create_pipeline"]
