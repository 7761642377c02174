"""Training images and networks to checkpoints, history, sheets and a generator."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.training.nodes import export_generator, identify_run, train_gan

# saved in this order, so that a checkpoint is never ahead of the records that lead to it
STREAMED = ("training_history", "training_sheets", "checkpoints")


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
                train_gan,
                [
                    "train_images",
                    "generator_architecture",
                    "discriminator_architecture",
                    "training_run",
                    "earlier_checkpoints",
                    "params:training",
                ],
                {name: name for name in STREAMED},
                name="train_gan",
            ),
            Node(
                export_generator,
                ["checkpoints", "training_run", "generator_architecture", "params:training"],
                {"generator_record": "generator_record", "generator": "generator"},
                name="export_generator",
            ),
        ],
        tags="training",
    )
