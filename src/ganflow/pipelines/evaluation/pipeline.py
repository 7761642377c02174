"""Held-out images and a generator to features, and features to numbers."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.evaluation.nodes import extract_features, score_features


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `evaluation` pipeline."""
    return Pipeline(
        [
            Node(
                extract_features,
                ["generator", "generator_record", "feature_extractor", "train_images", "held_out_images", "params:evaluation"],
                "features",
                name="extract_features",
            ),
            Node(
                score_features,
                ["features", "feature_extractor", "data_fingerprint", "generator_record", "params:evaluation"],
                {"metrics": "metrics", "metrics_table": "metrics_table"},
                name="score_features",
            ),
        ],
        tags="evaluation",
        namespace="evaluation",
        prefix_datasets_with_namespace=False,
    )
