"""Architecture tables to checked networks, without weights."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.networks.nodes import build_networks

DESCRIPTIONS = ("generator_architecture", "discriminator_architecture", "layer_table")


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `networks` pipeline."""
    return Pipeline(
        [Node(build_networks, ["params:networks", "data_fingerprint"], {name: name for name in DESCRIPTIONS}, name="build_networks")],
        tags="networks",
        namespace="networks",
        prefix_datasets_with_namespace=False,
    )
