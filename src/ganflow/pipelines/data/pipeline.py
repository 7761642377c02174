"""Source to training and held-out images."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.data.nodes import decode_pictures, describe_images, prepare_images, report_images

SETS = ("train_images", "held_out_images")


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `data` pipeline."""
    return Pipeline(
        [
            Node(decode_pictures, ["params:data", "own_images", "earlier_pictures"], {"pictures": "pictures"}, name="decode_pictures"),
            Node(
                prepare_images,
                ["params:data", "pictures", "earlier_train_images", "earlier_held_out_images"],
                {name: name for name in SETS},
                name="prepare_images",
            ),
            Node(describe_images, [*SETS, "params:data"], "data_fingerprint", name="describe_images"),
            Node(
                report_images,
                [*SETS, "pictures", "params:data", "params:networks", "params:training"],
                {"data_report": "data_report", "contact_sheet": "contact_sheet"},
                name="report_images",
            ),
        ],
        tags="data",
        namespace="data",
        prefix_datasets_with_namespace=False,
    )
