"""What a run has made to one page."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.reporting.nodes import describe_challenger, describe_run, draw_curves, write_report

_OF_A_RUN = ["training_history", "training_sheets", "diagnosis"]
_AROUND_IT = ["data_report", "parameters", "default_parameters", "surroundings", "now", "earlier_run_reports"]


def create_challenger_pipeline() -> Pipeline:
    """Wire what is written down of a challenger; the page of a retraining is that of its decision."""
    return Pipeline(
        [Node(describe_challenger, ["generator_record", *_OF_A_RUN, *_AROUND_IT], "run_reports", name="describe_challenger")],
        tags="reporting",
        namespace="reporting",
        prefix_datasets_with_namespace=False,
    )


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `reporting` pipeline."""
    return Pipeline(
        [
            Node(
                describe_run,
                [
                    "generator_record",
                    "metrics",
                    *_OF_A_RUN,
                    "sample_sheet",
                    "samples",
                    "interpolation",
                    "train_images",
                    "held_out_images",
                    *_AROUND_IT,
                ],
                "run_reports",
                name="describe_run",
            ),
            Node(draw_curves, ["training_history", "generator_record", "diagnosis"], "training_curves", name="draw_curves"),
            Node(write_report, ["run_reports", "training_history", "params:reporting"], "report", name="write_report"),
        ],
        tags="reporting",
        namespace="reporting",
        prefix_datasets_with_namespace=False,
    )
