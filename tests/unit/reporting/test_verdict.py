"""What is said of a generator follows from its numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow.reporting.verdict import (
    CLOSENESS,
    find_score,
    is_good,
    name_score,
    num_scored,
    rate_health,
    rate_scores,
    share_left,
    suggest,
    with_errors,
)

HEALTHY = {"healthy": True, "step": 10, "findings": []}


def scores(generator=2.0, real=1.0, noise=101.0, **others):
    return {
        "generator": {"frechet_distance_500_heldout": generator, **others},
        "real_images": {"frechet_distance_500_heldout": real, "precision_500_heldout": 0.96, "recall_500_heldout": 0.95},
        "noise": {"frechet_distance_500_heldout": noise},
    }


def finding(severity, **changes):
    return {"name": "mode_collapse", "severity": severity, "remedy": "Lower the rate", **changes}


def test_what_is_left_is_a_share_of_the_way_from_noise_to_real_images():
    # (2 - 1) / (101 - 1)
    assert share_left(scores()) == pytest.approx(0.01)
    assert share_left(scores(generator=51)) == pytest.approx(0.5)
    # better than training images by chance is no negative share
    assert share_left(scores(generator=0.5)) == 0
    # a ceiling that is no higher than the floor says nothing, nor does what is no number
    assert share_left(scores(noise=1.0)) is None
    assert share_left(scores(generator=math.nan)) is share_left(scores(noise=math.inf)) is share_left({}) is None
    assert "do not tell the samples from noise" in rate_scores(scores(noise=1.0))[0]


@given(st.floats(0, 1000), st.floats(0, 10), st.floats(11, 1000))
def test_every_share_has_words(generator, real, noise):
    first = rate_scores(scores(generator, real, noise))[0]
    assert any(first.startswith(words) for words in CLOSENESS.values())


@pytest.mark.parametrize(
    ("generator", "words"), [(1.5, "close to real"), (3, "resemble"), (20, "recognisable"), (50, "begun"), (95, "hardly better")]
)
def test_the_first_sentence_says_how_close_the_samples_are(generator, words):
    first = rate_scores(scores(generator))[0]
    assert words in first
    assert f"{generator:.4g}; training ones have 1, noise 101." in first


def test_precision_recall_and_the_share_of_asked_classes_are_named_where_they_were_measured():
    values = {"precision_500_heldout": 0.9, "recall_500_heldout": 0.8, "asked_class_share_500_heldout": 0.975}
    _, manifold, asked = rate_scores(scores(**values))
    assert "90% of them look like real ones (real ones: 96%)" in manifold
    assert "80% of the variety of real ones (real ones: 95%)" in manifold
    assert asked.startswith("97.5% of the samples are of the class that was asked for")
    assert len(rate_scores(scores())) == 1
    assert rate_scores({}) == []


def test_of_clips_it_is_told_how_many_keep_their_class_and_move_as_real_ones():
    told = scores(kept_class_share_500_heldout=0.84, usual_speed_share_500_heldout=0.81)
    told["real_images"] |= {"kept_class_share_500_heldout": 0.97, "usual_speed_share_500_heldout": 0.9}
    assert rate_scores(told)[1:] == [
        "84% of the clips show one class in at least three quarters of their frames (real ones: 97%).",
        "81% of the clips move as fast as the middle 90% of real ones (real ones: 90%).",
    ]


def test_a_score_is_found_by_its_whole_name():
    values = {"kernel_distance_standard_error_500_heldout": 3.0, "kernel_distance_500_heldout": 2.0}
    assert find_score(values, "kernel_distance") == 2.0
    assert find_score(values, "kernel") is None
    assert name_score("frechet_distance_500_heldout") == "Fréchet distance"
    assert num_scored(scores()) == 500
    assert num_scored({}) == 0


def test_an_error_stands_with_its_score():
    values = {"kernel_distance_500_heldout": 0.01234, "kernel_distance_standard_error_500_heldout": 0.0567, "recall_500_heldout": 0.5}
    assert with_errors(values) == {"kernel distance": "0.01234 ± 0.057", "recall": "0.5"}
    assert with_errors({}) == {}


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        (None, "did not watch"),
        (HEALTHY, "found nothing wrong"),
        (HEALTHY | {"findings": [finding("advice")]}, "found nothing wrong"),
        (HEALTHY | {"findings": [finding("notice")]}, "took notice of: mode collapse"),
        ({"healthy": False, "findings": [finding("serious")]}, "found this run failing: mode collapse"),
    ],
)
def test_what_the_doctor_says_is_a_sentence(diagnosis, words):
    assert words in rate_health(diagnosis)


def test_what_comes_next_is_the_remedy_more_steps_or_drawing():
    record = {"step": 100, "trained_steps": 100}
    failing = {"healthy": False, "findings": [finding("notice", remedy="no"), finding("serious")]}
    assert suggest(record, failing) == "Lower the rate."
    assert "raise training.num_steps, now 100" in suggest(record, HEALTHY)
    assert suggest(record | {"step": 90}, None).startswith("Draw more, from the champion if there is one: kedro run --pipelines sampling")


def test_a_run_is_good_if_it_is_healthy_and_its_samples_can_be_recognised():
    assert is_good(scores(), HEALTHY)
    assert is_good({}, None)
    assert not is_good(scores(generator=95), HEALTHY)
    assert not is_good(scores(), {"healthy": False, "findings": []})
