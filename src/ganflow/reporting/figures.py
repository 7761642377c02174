"""Interactive curves, as plain values in Plotly's notation.

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart; lines differ in their dashes too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

Figure = dict[str, Any]
"""`data` and `layout`."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", "dash", "dot", "dashdot")

PANELS = {
    "kernel distance": ("kernel_distance",),
    "losses": ("discriminator_loss", "generator_loss"),
    "accuracy": ("discriminator_accuracy",),
}
"""From top to bottom, each with its columns of history."""

_GAP, _HEIGHT = 0.08, 640


def draw_training(history: pd.DataFrame, exported: int | None, findings: Iterable[Mapping[str, Any]]) -> Figure:
    """The curves of one run, with its scored checkpoints, the exported one, and where the doctor found something.

    Args:
        history: of the run.
        exported: step of the generator that is used; None if there is none.
        findings: of the doctor.
    """
    traces = [
        trace
        for panel, columns in enumerate(PANELS.values())
        for number, column in enumerate(columns)
        if (trace := _line(history, column, panel, number)) is not None
    ]
    if exported is not None:
        chosen = history[(history["step"] == exported) & history["kernel_distance"].notna()]
        traces.append(_markers(chosen, "exported", 0))
    marks = [
        mark
        for finding in findings
        if finding["severity"] != "advice"
        for mark in [{"step": int(finding["first_step"]), "name": str(finding["name"]).replace("_", " ")}]
    ]
    return {"data": traces, "layout": _layout(marks)}


def draw_runs(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """The curves of several runs over each other.

    Args:
        histories: {label: history}; runs of one label's first word, up to a comma, have one colour.
    """
    groups = list(dict.fromkeys(label.split(",")[0] for label in histories))
    traces = []
    for label, history in histories.items():
        group = groups.index(label.split(",")[0])
        for panel, columns in enumerate(PANELS.values()):
            for number, column in enumerate(columns):
                trace = _line(history, column, panel, number, COLOURS[group % len(COLOURS)])
                if trace is not None:
                    is_first = panel == 0
                    traces.append(
                        trace | {"name": label if is_first else f"{label}: {trace['name']}", "legendgroup": label, "showlegend": is_first}
                    )
    return {"data": traces, "layout": _layout([])}


def _line(history: pd.DataFrame, column: str, panel: int, number: int, colour: str | None = None) -> dict[str, Any] | None:
    if column not in history:
        return None
    measured = history[history[column].notna()]
    name = column.replace("_", " ")
    return {
        "type": "scatter",
        # a checkpoint that was scored is a point; what is measured at every interval is a line
        "mode": "lines+markers" if panel == 0 else "lines",
        "x": measured["step"].tolist(),
        "y": [float(value) if math.isfinite(value) else None for value in measured[column]],
        "name": "scored checkpoints" if panel == 0 and colour is None else name,
        "yaxis": _axis(panel),
        "line": {"color": colour or COLOURS[panel + number], "width": 2, "dash": DASHES[number % len(DASHES)]},
        "marker": {"size": 5},
        "hovertemplate": f"step %{{x}}<br>{name} %{{y:.4g}}<extra>%{{fullData.name}}</extra>",
    }


def _markers(rows: pd.DataFrame, name: str, panel: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": rows["step"].tolist(),
        "y": rows["kernel_distance"].tolist(),
        "name": name,
        "yaxis": _axis(panel),
        "marker": {"symbol": "star", "size": 16, "color": COLOURS[1]},
        "hovertemplate": f"{name} at step %{{x}}<br>kernel distance %{{y:.4g}}<extra></extra>",
    }


def _axis(panel: int) -> str:
    return "y" if panel == 0 else f"y{panel + 1}"


def _layout(marks: list[dict[str, Any]]) -> dict[str, Any]:
    share = (1 + _GAP) / len(PANELS)
    axes = {}
    for panel, title in enumerate(PANELS):
        top = 1 - panel * share
        axes[f"yaxis{'' if panel == 0 else panel + 1}"] = {
            "domain": [max(0.0, top - share + _GAP), top],
            "title": {"text": title},
            "automargin": True,
            "zeroline": False,
        }
    return {
        "height": _HEIGHT,
        "margin": {"l": 50, "r": 10, "t": 10, "b": 40},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": {"title": {"text": "step"}, "anchor": f"y{len(PANELS)}", "zeroline": False},
        **axes,
        "shapes": [
            {
                "type": "line",
                "xref": "x",
                "yref": "paper",
                "x0": mark["step"],
                "x1": mark["step"],
                "y0": 0,
                "y1": 1,
                "line": {"color": COLOURS[1], "dash": "dot", "width": 1},
            }
            for mark in marks
        ],
        "annotations": [
            {
                "xref": "x",
                "yref": "paper",
                "x": mark["step"],
                "y": 1 - 0.05 * (number % 4),
                "text": mark["name"],
                "showarrow": False,
                "xanchor": "left",
            }
            for number, mark in enumerate(marks)
        ],
    }
