"""Images to a frozen feature extractor, in whose features training and evaluation score generators."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.extractor.nodes import obtain_feature_extractor


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `extractor` pipeline."""
    return Pipeline(
        [
            Node(
                obtain_feature_extractor,
                ["stored_feature_extractor", "train_images", "held_out_images", "data_fingerprint", "params:extractor"],
                "feature_extractor",
                name="obtain_feature_extractor",
            ),
        ],
        tags="extractor",
        namespace="extractor",
        prefix_datasets_with_namespace=False,
    )
