"""Curves carry every number that was measured, and mark what a person looks for."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects

from ganflow.reporting.figures import PANELS, draw_runs, draw_training

HISTORY = pd.DataFrame(
    {
        "step": [100, 200, 300, 400],
        "kernel_distance": [np.nan, 0.5, np.nan, 0.25],
        "discriminator_loss": [1.3, 1.2, np.inf, 1.0],
        "generator_loss": [0.7, 0.8, 0.9, 1.0],
        "discriminator_accuracy": [0.5, 0.6, 0.7, 0.8],
    }
)
FINDINGS = [
    {"name": "mode_collapse", "severity": "serious", "first_step": 300},
    {"name": "dropout", "severity": "advice", "first_step": 0},
]


def traces(figure):
    return {trace["name"]: trace for trace in figure["data"]}


def test_scored_checkpoints_are_points_and_the_exported_one_is_a_star():
    found = traces(draw_training(HISTORY, 400, FINDINGS))
    assert (found["scored checkpoints"]["x"], found["scored checkpoints"]["y"]) == ([200, 400], [0.5, 0.25])
    assert (found["exported"]["x"], found["exported"]["y"]) == ([400], [0.25])
    assert found["exported"]["marker"]["symbol"] == "star"
    assert "exported" not in traces(draw_training(HISTORY, None, []))


def test_a_finding_is_a_line_with_its_name_and_advice_is_none():
    layout = draw_training(HISTORY, 400, FINDINGS)["layout"]
    assert [(shape["x0"], shape["x1"]) for shape in layout["shapes"]] == [(300, 300)]
    assert [mark["text"] for mark in layout["annotations"]] == ["mode collapse"]


def test_a_number_that_is_not_finite_leaves_a_gap_that_json_can_hold():
    figure = draw_training(HISTORY, 400, FINDINGS)
    assert traces(figure)["discriminator loss"]["y"] == [1.3, 1.2, None, 1.0]
    json.dumps(figure, allow_nan=False)


def test_plotly_takes_the_figures():
    for figure in (draw_training(HISTORY, 400, FINDINGS), draw_runs({"a, seed 0": HISTORY, "b, seed 0": HISTORY})):
        plotly.graph_objects.Figure(figure)


def test_runs_of_one_recipe_have_one_colour_and_one_entry_in_the_legend_each():
    figure = draw_runs({"a, seed 0": HISTORY, "a, seed 1": HISTORY, "b, seed 0": HISTORY})
    colours = {trace["name"]: trace["line"]["color"] for trace in figure["data"] if trace["showlegend"]}
    assert list(colours) == ["a, seed 0", "a, seed 1", "b, seed 0"]
    assert colours["a, seed 0"] == colours["a, seed 1"] != colours["b, seed 0"]
    assert len(figure["data"]) == 3 * sum(map(len, PANELS.values()))


def test_a_column_that_was_not_measured_is_left_out():
    figure = draw_training(HISTORY.drop(columns="discriminator_accuracy"), 400, [])
    assert "discriminator accuracy" not in traces(figure)
