"""What a run has made to one page."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.reporting.nodes import describe_run, draw_curves, write_report


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `reporting` pipeline."""
    return Pipeline(
        [
            Node(
                describe_run,
                [
                    "generator_record",
                    "metrics",
                    "training_history",
                    "training_sheets",
                    "diagnosis",
                    "sample_sheet",
                    "samples",
                    "interpolation",
                    "train_images",
                    "held_out_images",
                    "data_report",
                    "parameters",
                    "default_parameters",
                    "surroundings",
                    "now",
                ],
                "run_reports",
                name="describe_run",
            ),
            Node(draw_curves, ["training_history", "generator_record", "diagnosis"], "training_curves", name="draw_curves"),
            Node(write_report, ["run_reports", "training_history", "params:reporting"], "report", name="write_report"),
        ],
        tags="reporting",
    )
