"""A run is named after what decides its weights, and knows where to go on."""

import logging

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow.errors import CheckpointError
from ganflow.training.identity import Best, check_complete, choose_best, choose_start, load_state, run_id


def stored(*steps, run="run"):
    return {step: (lambda step=step: {"arrays": {"step": step}, "metadata": {"run_id": run, "step": step}}) for step in steps}


def test_the_name_depends_on_content_not_on_order():
    assert run_id({"a": 1, "b": [2, 3]}) == run_id({"b": [2, 3], "a": 1})
    assert run_id({"a": 1}) != run_id({"a": 2})
    assert len(run_id({})) == 12


@pytest.mark.parametrize(
    ("steps", "resume", "expected", "said"),
    [
        ((), "auto", (None, False), "starts anew."),
        ((10, 20), "auto", ({"step": 20}, False), "continues from its checkpoint at step 20 of 30"),
        ((10, 20), "required", ({"step": 20}, False), "continues from its checkpoint at step 20 of 30"),
        ((10, 20), "never", (None, False), "starts anew because"),
        ((20, 30), "auto", (None, True), "has done all of its 30 steps already"),
        ((20, 30), "never", (None, False), "starts anew because"),
    ],
)
def test_the_start_follows_checkpoints_and_wish_and_is_said(caplog, steps, resume, expected, said):
    with caplog.at_level(logging.INFO):
        start = choose_start(stored(*steps), resume, 30, "run")
    assert (start.arrays, start.is_finished) == expected
    assert said in caplog.text


def test_required_needs_something_to_continue():
    with pytest.raises(CheckpointError, match="'required', but run run has no checkpoint"):
        choose_start({}, "required", 30, "run")


def test_going_back_is_refused():
    with pytest.raises(CheckpointError, match="trained for 40 steps, more than the 30 asked for"):
        choose_start(stored(40), "auto", 30, "run")


@pytest.mark.parametrize(("steps", "reached"), [((), 0), ((10, 20), 20)])
def test_an_incomplete_training_is_not_exported(steps, reached):
    with pytest.raises(CheckpointError, match=f"reached step {reached} of 30"):
        check_complete(stored(*steps), 30, "run")
    check_complete(stored(30), 30, "run")


def test_a_checkpoint_in_the_wrong_place_is_refused():
    with pytest.raises(CheckpointError, match="says of itself.*'other'"):
        load_state(stored(10, run="other"), 10, "run")


def history(*rows):
    columns = ("step", "kernel_distance", "extractor")
    return pd.DataFrame([dict(zip(columns, row, strict=True)) | {"kernel_distance_standard_error": 0.01} for row in rows])


def test_scores_of_two_extractors_are_never_compared():
    # the first extractor's scores are on a smaller scale; the best of the one used last counts
    rows = history((100, 0.1, "one"), (200, 0.2, "one"), (300, 5.0, "other"), (400, 4.0, "other"), (500, float("nan"), "other"))
    best = choose_best(rows, "run")
    assert (best["step"], best["kernel_distance"], best["extractor"]) == (400, 4.0, "other")
    assert "of 2 scored steps" in best["chosen"]
    assert choose_best(rows[:2], "run")["step"] == 100


def test_of_steps_that_the_score_cannot_tell_apart_the_newest_is_the_best():
    # the lowest is 0.100 ± 0.01: 0.109 is as good, 0.111 is not
    rows = history((100, 0.5, "one"), (200, 0.100, "one"), (300, 0.109, "one"), (400, 0.111, "one"))
    best = choose_best(rows, "run")
    assert (best["step"], best["kernel_distance"]) == (300, 0.109)
    assert "the newest of 4 scored steps" in best["chosen"]
    assert "within a standard error of the lowest, 0.1" in best["chosen"]


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 0.5)), min_size=1))
def test_the_best_as_training_goes_on_is_the_best_in_the_end(scores):
    best = Best()
    for step, (distance, error) in enumerate(scores):
        best.take(step, distance, error)
    lowest = min(range(len(scores)), key=lambda step: scores[step][0])
    limit = scores[lowest][0] + scores[lowest][1]
    assert best.step == max(step for step, (distance, _) in enumerate(scores) if distance <= limit)


def test_what_was_not_scored_is_never_the_best():
    best = Best()
    best.take(1, float("nan"), float("nan"))
    assert best.step == -1
    # without an error only a lower distance is better
    best.take(2, 0.5, float("nan"))
    best.take(3, 0.6, 0.5)
    assert best.step == 2
