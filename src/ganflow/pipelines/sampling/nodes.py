"""Nodes that draw from a trained generator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from ganflow.config.sampling import SamplingParameters
from ganflow.records import GeneratorRecord
from ganflow.reporting.run import MOST_CLIP_SHEETS, choose_steps
from ganflow.reporting.sheets import film_strip, tile

NUM_CLIPS = 8
"""That are shown frame by frame, and with their streams."""

NOTHING = np.empty((0, 0, 0), np.uint8)
"""A picture that there is no need of."""

logger = logging.getLogger(__name__)


def draw_images(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Draw the single images or clips."""
    from ganflow.sampling import images

    return images.sample_images(generator, parameters.num_images, parameters.batch_size, parameters.seed, parameters.classes or ())


def draw_sheet(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Draw a sheet of images or clips: a square, or a row for each class."""
    from ganflow.sampling import images

    drawn = images.sample_rows(generator, parameters.sheet_columns, parameters.batch_size, parameters.seed, parameters.classes or ())
    return tile(drawn, parameters.sheet_columns)


def interpolate_latents(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Walk from one latent to another, a row for each pair."""
    from ganflow.sampling.images import images_from_inputs
    from ganflow.sampling.interpolation import draw_paths

    inputs = draw_paths(generator, parameters.num_interpolations, parameters.num_interpolation_steps, parameters.seed)
    return tile(images_from_inputs(generator, inputs, parameters.batch_size), parameters.num_interpolation_steps)


def draw_frames(generator: Any, parameters: SamplingParameters) -> dict[str, np.ndarray]:
    """Show the first single clips frame by frame, and beside what they are made of; of images there is neither."""
    from ganflow.sampling.streams import sample_streams

    layers = sample_streams(generator, NUM_CLIPS, parameters.batch_size, parameters.seed, parameters.classes or ())
    # clip by clip, two in a row
    beside = np.stack(layers, axis=1).reshape(-1, *layers[0].shape[1:]) if len(layers) > 1 else NOTHING
    return {
        "frame_strip": film_strip(layers[0]) if layers else NOTHING,
        "streams": tile(beside, 2 * len(layers)) if beside.size else NOTHING,
    }


def animate_evolution(
    sheets: dict[str, dict[int, Callable[[], np.ndarray]]], generator: Any, generator_record: GeneratorRecord, sample_sheet: np.ndarray
) -> np.ndarray:
    """Put the sheets of the generator's own run one after the other, in order of training.

    Sheets of clips are each played once, MOST_CLIP_SHEETS of them. Where the sheets are gone, what the generator draws now is the only one.
    """
    from ganflow.networks import check_record

    check_record(generator, generator_record)
    run_id = generator_record["run_id"]
    own = sheets.get(run_id, {})
    steps = choose_steps(own, generator_record["step"], MOST_CLIP_SHEETS if sample_sheet.ndim == 4 else len(own))
    if not steps:
        logger.warning("The evolution has one sheet: run %s, which made the generator, has no sheets any more.", run_id)
    shown = [own[step]() for step in steps] or [sample_sheet]
    return np.concatenate([sheet.reshape(-1, *sheet.shape[-3:]) for sheet in shown])
