"""Training images and networks to checkpoints, history, sheets and a generator."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.training.nodes import STREAMED, export_generator, identify_run, measure_real_images, train_gan


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `training` pipeline."""
    return Pipeline(
        [
            Node(
                identify_run,
                ["train_images", "data_fingerprint", "generator_architecture", "discriminator_architecture", "params:training"],
                "training_run",
                name="identify_run",
            ),
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
                    "real_images",
                    "params:training",
                    "params:health",
                ],
                {name: name for name in STREAMED},
                name="train_gan",
            ),
            Node(
                export_generator,
                ["checkpoints", "best_checkpoints", "training_history", "training_run", "generator_architecture", "params:training"],
                {"generator_record": "generator_record", "generator": "generator"},
                name="export_generator",
            ),
        ],
        tags="training",
    )
