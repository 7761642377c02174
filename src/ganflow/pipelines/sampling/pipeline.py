"""A generator to images or clips."""

from kedro.pipeline import Node, Pipeline

from ganflow.pipelines.sampling.nodes import animate_evolution, draw_frames, draw_images, draw_sheet, interpolate_latents


def create_pipeline(**_: object) -> Pipeline:
    """Wire the `sampling` pipeline."""
    return Pipeline(
        [
            Node(draw_sheet, ["generator", "params:sampling"], "sample_sheet", name="draw_sheet"),
            Node(draw_images, ["generator", "params:sampling"], "samples", name="draw_images"),
            Node(interpolate_latents, ["generator", "params:sampling"], "interpolation", name="interpolate_latents"),
            Node(
                draw_frames,
                ["generator", "params:sampling"],
                {name: name for name in ("frame_strip", "streams")},
                name="draw_frames",
            ),
            Node(
                animate_evolution,
                ["training_sheets", "generator", "generator_record", "sample_sheet"],
                "evolution",
                name="animate_evolution",
            ),
        ],
        tags="sampling",
        namespace="sampling",
        prefix_datasets_with_namespace=False,
    )
