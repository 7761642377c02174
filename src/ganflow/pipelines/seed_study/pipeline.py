"""Recipes and seeds to runs of training, their scores, and how far they spread."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.seed_study.nodes import plan_study, score_study, summarise_study, train_study
from ganflow.training.streams import STREAMED

SUMMARY = ("study_runs", "study_table", "study_comparison", "study_curves", "study_report")


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `seed_study` pipeline; images, classifier and `real_images` come from the pipelines before it."""
    return Pipeline(
        [
            Node(
                plan_study,
                ["train_images", "data_fingerprint", "recipes", "params:networks", "params:training", "params:seed_study"],
                "study_plan",
                name="plan_study",
            ),
            Node(
                train_study,
                ["train_images", "study_plan", "earlier_checkpoints", "earlier_history", "real_images", "params:health"],
                {name: name for name in STREAMED},
                name="train_study",
            ),
            Node(
                score_study,
                [
                    "study_plan",
                    "checkpoints",
                    "best_checkpoints",
                    "training_history",
                    "feature_extractor",
                    "held_out_images",
                    "data_fingerprint",
                    "params:evaluation",
                ],
                "study_scores",
                name="score_study",
            ),
            Node(
                summarise_study,
                ["study_plan", "study_scores", "training_history", "diagnosis", "params:health"],
                {name: name for name in SUMMARY},
                name="summarise_study",
            ),
        ],
        tags=["training", "seed_study"],
        namespace="seed_study",
        prefix_datasets_with_namespace=False,
    )
