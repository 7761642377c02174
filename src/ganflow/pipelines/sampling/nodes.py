"""Nodes that draw from a trained generator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from ganflow.config.sampling import SamplingParameters
from ganflow.records import GeneratorRecord
from ganflow.reporting.sheets import tile

logger = logging.getLogger(__name__)


def draw_images(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Draw the single images."""
    from ganflow.sampling import images

    return images.sample_images(generator, parameters.num_images, parameters.batch_size, parameters.seed, parameters.classes or ())


def draw_sheet(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Draw a sheet of images: a square, or a row for each class."""
    from ganflow.sampling import images

    drawn = images.sample_rows(generator, parameters.sheet_columns, parameters.batch_size, parameters.seed, parameters.classes or ())
    return tile(drawn, parameters.sheet_columns)


def interpolate_latents(generator: Any, parameters: SamplingParameters) -> np.ndarray:
    """Walk from one latent to another, a row for each pair."""
    from ganflow.sampling.images import images_from_inputs
    from ganflow.sampling.interpolation import draw_paths

    inputs = draw_paths(generator, parameters.num_interpolations, parameters.num_interpolation_steps, parameters.seed)
    return tile(images_from_inputs(generator, inputs, parameters.batch_size), parameters.num_interpolation_steps)


def animate_evolution(
    sheets: dict[str, dict[int, Callable[[], np.ndarray]]], generator: Any, generator_record: GeneratorRecord, sample_sheet: np.ndarray
) -> np.ndarray:
    """Stack the sheets of the generator's own run, in order of training; where they are gone, what it draws now is the only one."""
    from ganflow.networks import check_record

    check_record(generator, generator_record)
    run_id = generator_record["run_id"]
    frames = sheets.get(run_id, {})
    steps = [step for step in sorted(frames) if step <= generator_record["step"]]
    if not steps:
        logger.warning("The evolution has one frame: run %s, which made the generator, has no sheets any more.", run_id)
        return sample_sheet[np.newaxis]
    return np.stack([frames[step]() for step in steps])
