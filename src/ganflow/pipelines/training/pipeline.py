"""Training images and networks to checkpoints, history, sheets and a generator."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.training.nodes import check_batch, export_generator, identify_run, keep_digests, measure_real_images, train_gan
from ganflow.training.streams import STREAMED


def create_pipeline(parameters: str = "params:training", **_: object) -> Pipeline:
    """Wire the `training` pipeline.

    Args:
        parameters: where the training parameters come from; a retraining has a node that makes them.
    """
    return Pipeline(
        [
            Node(check_batch, ["data_fingerprint", "params:training"], None, name="check_batch"),
            Node(
                identify_run,
                ["train_images", "data_fingerprint", "generator_architecture", "discriminator_architecture", "initial_state", parameters],
                "training_run",
                name="identify_run",
            ),
            Node(keep_digests, ["training_run", "train_images", "held_out_images"], "run_images", name="keep_digests"),
            Node(
                measure_real_images,
                ["train_images", "feature_extractor", "data_fingerprint", "params:health"],
                "real_images",
                name="measure_real_images",
            ),
            Node(
                train_gan,
                [
                    "train_images",
                    "generator_architecture",
                    "discriminator_architecture",
                    "training_run",
                    "earlier_checkpoints",
                    "earlier_history",
                    "initial_state",
                    "real_images",
                    parameters,
                    "params:health",
                ],
                {name: name for name in STREAMED},
                name="train_gan",
            ),
            Node(
                export_generator,
                ["checkpoints", "best_checkpoints", "training_history", "training_run", "generator_architecture", parameters],
                {"generator_record": "generator_record", "generator": "generator"},
                name="export_generator",
            ),
        ],
        tags="training",
        namespace="training",
        prefix_datasets_with_namespace=False,
    )
