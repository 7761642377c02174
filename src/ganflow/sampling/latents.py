"""Paths through latent space."""

from __future__ import annotations

import numpy as np


def interpolate(starts: np.ndarray, ends: np.ndarray, num_steps: int) -> np.ndarray:
    """Straight lines between pairs of latents, both ends included.

    A straight line stays inside the cube that uniform noise fills, where an arc on a sphere would leave it.

    Args:
        starts: (N, dimension).
        ends: (N, dimension).
        num_steps: points on each line, at least 2.

    Returns:
        (N * num_steps, dimension), line after line.
    """
    weights = np.linspace(0.0, 1.0, num_steps, dtype=starts.dtype)[None, :, None]
    lines = (1 - weights) * starts[:, None, :] + weights * ends[:, None, :]
    return lines.reshape(-1, starts.shape[1])
