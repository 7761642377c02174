"""Held-out images and a generator to features, and features to numbers."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.evaluation.nodes import extract_features, obtain_feature_extractor, score_features


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `evaluation` pipeline."""
    return Pipeline(
        [
            Node(
                obtain_feature_extractor,
                [
                    "stored_feature_extractor",
                    "train_images",
                    "train_labels",
                    "held_out_images",
                    "held_out_labels",
                    "data_fingerprint",
                    "params:evaluation",
                ],
                "feature_extractor",
                name="obtain_feature_extractor",
            ),
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
    )
