"""Paths from one input of a generator to another."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import draw_inputs
from ganflow.runtime.seeds import named_seed


def interpolate(starts: np.ndarray, ends: np.ndarray, num_steps: int) -> np.ndarray:
    """Straight lines between pairs of latents, both ends included.

    A straight line stays inside the cube that uniform noise fills, where an arc on a sphere would leave it. Whole numbers, such as
    classes, have nothing between them: those of the start are kept.

    Args:
        starts: (N, …).
        ends: (N, …).
        num_steps: points on each line, at least 2.

    Returns:
        (N * num_steps, …), line after line.
    """
    if not np.issubdtype(starts.dtype, np.floating):
        return np.repeat(starts, num_steps, axis=0)
    weights = np.linspace(0.0, 1.0, num_steps, dtype=starts.dtype).reshape(1, -1, *[1] * (starts.ndim - 1))
    lines = (1 - weights) * starts[:, None] + weights * ends[:, None]
    return lines.reshape(-1, *starts.shape[1:])


def draw_paths(generator: keras.Model, num: int, num_steps: int, seed: int) -> Any:
    """Inputs on straight lines between `num` pairs of drawn ones, num * num_steps of them, line after line."""
    ends = draw_inputs(generator, 2 * num, (named_seed(seed, "ends of interpolations"), 0))
    return tf.nest.map_structure(lambda part: interpolate(part.numpy()[::2], part.numpy()[1::2], num_steps), ends)
