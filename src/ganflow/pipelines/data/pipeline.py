"""Source to training and held-out images."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.data.nodes import load_images, split_images

SPLIT = ("train_images", "train_labels", "held_out_images", "held_out_labels", "data_fingerprint")


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `data` pipeline."""
    return Pipeline(
        [
            Node(load_images, "params:data", "labelled_images", name="load_images"),
            Node(split_images, ["labelled_images", "params:data"], {name: name for name in SPLIT}, name="split_images"),
        ],
        tags="data",
    )
