"""The curves of many runs in one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PANELS = {"kernel_distance": "kernel distance", "discriminator_loss": "discriminator's loss", "generator_loss": "generator's loss"}


def draw_curves(histories: dict[tuple[str, int], pd.DataFrame]) -> np.ndarray:
    """A panel for each of PANELS, a colour for each recipe, a line for each seed.

    Args:
        histories: {(recipe, seed): history}.

    Returns:
        (H, W, 3) uint8.
    """
    # a picture without a window: pyplot would look for a screen
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(PANELS), 4), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    colours = {recipe: colormaps["tab10"](number % 10) for number, recipe in enumerate(dict.fromkeys(recipe for recipe, _ in histories))}
    axes: Any = figure.subplots(1, len(PANELS))
    for axis, (column, label) in zip(axes, PANELS.items(), strict=True):
        for (recipe, _), history in histories.items():
            if column in history:
                measured = history[history[column].notna()]
                axis.plot(measured["step"], measured[column], color=colours[recipe], linewidth=1, alpha=0.8)
        axis.set_xlabel("step")
        axis.set_title(label)
    axes[0].set_yscale("symlog", linthresh=0.01)
    for recipe, colour in colours.items():
        axes[0].plot([], [], color=colour, label=recipe)
    if colours:
        axes[0].legend()
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
