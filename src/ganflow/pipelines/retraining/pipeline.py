"""Data and a champion to a challenger, a trial of both, and a champion again."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.retraining.nodes import (
    carry_out,
    decide,
    find_change,
    find_initial_state,
    find_reason,
    hold_trial,
    plan_challenger,
    show_decision,
)


def create_pipeline(**_: object) -> Pipeline:
    """Wire what the `retraining` pipeline has besides data, networks, classifier and training."""
    groups = {"reason": _before_training(), "trial": _after_training()}
    return sum(
        (
            Pipeline(nodes, tags=["training", "retraining"], namespace=name, prefix_datasets_with_namespace=False)
            for name, nodes in groups.items()
        ),
        Pipeline([]),
    )


def _before_training() -> list[Node]:
    """Is there a reason, and what does a challenger start from?"""
    return [
        Node(
            find_change,
            [
                "train_images",
                "held_out_images",
                "champion_to_beat",
                "earlier_decisions",
                "earlier_run_images",
                "stored_feature_extractor",
            ],
            "data_change",
            name="find_change",
        ),
        Node(
            find_reason,
            [
                "data_fingerprint",
                "champion_to_beat",
                "registered_versions",
                "earlier_decisions",
                "params:retraining",
                "now",
                "data_change",
            ],
            "retraining_reason",
            name="find_reason",
        ),
        Node(plan_challenger, ["params:training", "retraining_reason"], "challenger_training", name="plan_challenger"),
        Node(
            find_initial_state,
            ["champion_to_beat", "earlier_checkpoints", "retraining_reason", "params:retraining"],
            "initial_state",
            name="find_initial_state",
        ),
    ]


def _after_training() -> list[Node]:
    """Is the challenger better, and what follows?"""
    return [
        Node(
            hold_trial,
            [
                "generator",
                "generator_to_beat",
                "feature_extractor",
                "train_images",
                "held_out_images",
                "data_fingerprint",
                "champion_to_beat",
                "earlier_run_images",
                "params:retraining",
                "params:evaluation",
            ],
            "trial",
            name="hold_trial",
        ),
        Node(
            decide,
            ["trial", "diagnosis", "generator_record", "retraining_reason", "params:retraining", "now"],
            "decisions",
            name="decide",
        ),
        Node(carry_out, ["decisions", "generator_record"], "promotion", name="carry_out"),
        Node(
            show_decision,
            ["decisions", "trial", "data_change", "generator_record", "champion_to_beat", "training_history", "training_sheets"],
            "decision_page",
            name="show_decision",
        ),
    ]
