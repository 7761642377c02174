"""What a run has made to one page."""

from typing import Any

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.reporting.nodes import describe_run, describe_training, draw_curves, write_report

_GROUP: dict[str, Any] = {"tags": "reporting", "namespace": "reporting", "prefix_datasets_with_namespace": False}


def create_challenger_pipeline() -> Pipeline:
    """Wire what is written down of a challenger; the page of a retraining is that of its decision."""
    return Pipeline([_describe_training("run_reports")], **_GROUP)


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `reporting` pipeline."""
    drawn = ("sample_sheet", "samples", "interpolation", "frame_strip", "streams")
    return Pipeline(
        [
            _describe_training("training_reports"),
            Node(
                describe_run,
                ["training_reports", "metrics", *drawn, "train_images", "held_out_images"],
                "run_reports",
                name="describe_run",
            ),
            Node(draw_curves, ["training_history", "generator_record", "diagnosis"], "training_curves", name="draw_curves"),
            Node(write_report, ["run_reports", "training_history", "params:reporting"], "report", name="write_report"),
        ],
        **_GROUP,
    )


def _describe_training(reports: str) -> Node:
    inputs = ["generator_record", "training_history", "training_sheets", "diagnosis", "data_report", "parameters"]
    around = ["default_parameters", "surroundings", "now", "earlier_run_reports"]
    return Node(describe_training, [*inputs, *around], reports, name="describe_training")
