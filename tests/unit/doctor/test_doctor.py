"""The doctor finds each fault where it is, and only there: rows of history by hand."""

import math
import re

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.health import HealthParameters
from ganflow.config.training import GradientPenaltyParameters
from ganflow.doctor.doctor import Doctor
from ganflow.doctor.rules import RULES
from ganflow.losses.adversarial import LOSSES

REAL = {
    "sheet_brightness": 0.13,
    "sheet_contrast": 0.3,
    "sheet_midtones": 0.11,
    "sheet_roughness": 0.2,
    "sheet_checkerboard": 0.9,
    "sheet_diversity": 0.135,
    "sheet_motion": 0.03,
    "sheet_flicker": 0.1,
    "num_classes_reached": 10.0,
    "nearest_distance": 0.18,
    "sample_distance": 0.2,
    "brightest": 1.0,
}
HEALTHY = {
    "discriminator_loss": 1.2,
    "generator_loss": 0.9,
    "penalty": 0.1,
    "discriminator_accuracy": 0.65,
    "generator_gradient_norm": 0.15,
    **{name: value for name, value in REAL.items() if name.startswith("sheet_")},
    "kernel_distance": 0.1,
    "kernel_distance_standard_error": 0.01,
    "num_classes_reached": 10.0,
    "nearest_distance": 0.18,
    "sample_distance": 0.19,
    "lowest_asked_share": 0.97,
    "lowest_asked_class": 8.0,
    "lowest_class_spread": 0.8,
    "narrowest_class": 1.0,
}
NUM_ROWS = 12


def examine(parameters, changes, num=NUM_ROWS, warmup_steps=0):
    """The doctor, after rows of a healthy run; `changes` has values for some columns, one for each of the newest rows."""
    doctor = Doctor(REAL, parameters, section(HealthParameters, warmup_steps=warmup_steps))
    for number in range(num):
        row = HEALTHY | {"step": 100 * (number + 1)}
        for name, values in changes.items():
            place = number - (num - len(values))
            if place >= 0:
                row[name] = values[place]
        doctor.observe(row)
    return doctor


def names(doctor):
    return sorted(doctor.findings)


def test_a_healthy_run_is_healthy(training_parameters):
    doctor = examine(training_parameters, {})
    assert doctor.diagnosis() == {"step": 1200, "healthy": True, "findings": []}


# columns of the newest rows, and what they mean
SIGNS = {
    "discriminator_won": {"discriminator_loss": [0.01] * 3, "generator_gradient_norm": [0.001] * 3},
    "discriminator_blind": {"discriminator_loss": [2 * math.log(2)] * 3, "sheet_contrast": [0.01] * 3},
    "noise_images": {"sheet_roughness": [0.7] * 3},
    "blank_images": {"sheet_contrast": [0.05] * 3},
    "saturated_images": {"sheet_midtones": [0.01] * 3},
    "checkerboard": {"sheet_checkerboard": [4.0] * 3},
    "mode_collapse": {"sheet_diversity": [0.03] * 3},
    "frozen_clips": {"sheet_motion": [0.003] * 3},
    "flicker": {"sheet_flicker": [0.4] * 3},
    "repeated_images": {"sample_distance": [0.09] * 2},
    "classes_missing": {"num_classes_reached": [7.0] * 3},
    "class_ignored": {"lowest_asked_share": [0.4] * 3},
    "class_collapsed": {"lowest_class_spread": [0.3] * 2},
    "divergence": {"generator_gradient_norm": [50.0] * 3},
    "oscillation": {"sheet_brightness": [0.05, 0.25] * 4},
    "decline": {"kernel_distance": [0.5] * 2},
    "memorisation": {"nearest_distance": [0.05] * 2},
}
AND_ALSO = {"discriminator_blind": ["blank_images"]}


def test_every_rule_has_a_sign():
    assert {rule.__name__ for rule in RULES} == set(SIGNS)


@pytest.mark.parametrize("name", SIGNS)
def test_a_sign_gives_its_finding_and_no_other(training_parameters, name):
    doctor = examine(training_parameters, SIGNS[name])
    assert names(doctor) == sorted([name, *AND_ALSO.get(name, [])])
    finding = doctor.findings[name]
    # all but oscillation, which half of the turns would do for, are seen in the newest row for the first time
    assert finding.first_step >= (800 if name == "oscillation" else 1200)
    assert finding.last_step == 1200
    assert any(character.isdigit() for character in finding.evidence)
    assert re.search(r"\b(training|networks|data)\.[a-z]", finding.remedy)
    assert doctor.diagnosis()["healthy"] == (finding.severity != "serious")


@pytest.mark.parametrize("name", [name for name in SIGNS if name != "oscillation"])
def test_one_row_less_is_no_finding(training_parameters, name):
    shorter = {column: [HEALTHY[column], *values[1:]] for column, values in SIGNS[name].items()}
    assert names(examine(training_parameters, shorter)) == []


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sheet_roughness", [0.9, 0.8, 0.7]),
        ("sheet_contrast", [0.01, 0.04, 0.07]),
        ("sheet_midtones", [0.0, 0.01, 0.02]),
        ("sheet_diversity", [0.01, 0.02, 0.03]),
        ("sheet_motion", [0.0, 0.002, 0.004]),
        ("sheet_flicker", [0.5, 0.45, 0.4]),
        ("num_classes_reached", [6, 7, 8]),
    ],
)
def test_bad_images_that_become_better_are_no_finding(training_parameters, column, values):
    assert names(examine(training_parameters, {column: values})) == []


@pytest.mark.parametrize(("last", "expected"), [(0.55, ["noise_images"]), (0.45, [])])
def test_what_becomes_better_too_slowly_is_a_finding_after_all(training_parameters, last, expected):
    # from 0.8, which is 0.6 from real images, in eight rows: halfway is 0.5
    assert names(examine(training_parameters, {"sheet_roughness": np.linspace(0.8, last, 8)})) == expected


IMAGES = (
    "noise_images",
    "blank_images",
    "saturated_images",
    "mode_collapse",
    "checkerboard",
    "frozen_clips",
    "flicker",
    "repeated_images",
    "classes_missing",
    "memorisation",
)


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_not_judged_before_the_warm_up_is_over(training_parameters, name):
    assert names(examine(training_parameters, SIGNS[name], warmup_steps=1200)) == []


def test_blurred_images_are_not_taken_for_equal_ones(training_parameters):
    # half the contrast makes a quarter of the squared difference, of two images and of two frames
    blurred = {"sheet_contrast": [0.15] * 3, "sheet_diversity": [0.135 / 4] * 3, "sheet_motion": [0.03 / 4] * 3}
    assert names(examine(training_parameters, blurred)) == []


@pytest.mark.parametrize(
    ("diversity", "kind"),
    [
        ([0.13] * 8 + [0.03] * 3, "suddenly"),
        ([0.13, 0.11, 0.1, 0.095, 0.09, 0.085, 0.08, 0.075, 0.05, 0.04, 0.03], "slowly, over 7 rows"),
        ([0.03] * NUM_ROWS, "from the start"),
    ],
)
def test_a_collapse_is_sudden_slow_or_from_the_start(training_parameters, diversity, kind):
    assert kind in examine(training_parameters, {"sheet_diversity": diversity}).findings["mode_collapse"].evidence


@pytest.mark.parametrize(
    ("loss", "value", "won"),
    [
        # the same loss means different things: hinge and least squares have other scales, Wasserstein has no floor at all
        ("logistic", 0.05, True),
        ("logistic", 0.09, False),
        ("hinge", 0.09, True),
        ("least_squares", 0.05, False),
        ("least_squares", 0.01, True),
        ("relativistic", 0.03, True),
        ("wasserstein", 0.0, False),
        ("wasserstein", -40.0, False),
    ],
)
def test_near_zero_means_something_else_for_every_loss(training_parameters, loss, value, won):
    parameters = training_parameters.model_copy(update={"loss": loss})
    signs = {"discriminator_loss": [value] * 3, "generator_gradient_norm": [0.001] * 3}
    assert ("discriminator_won" in names(examine(parameters, signs))) == won


def test_smoothed_labels_lift_the_floor(training_parameters):
    # of labels of 0.9: the entropy of a coin of 0.9, 0.325
    floor = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    parameters = training_parameters.model_copy(update={"label_smoothing": 0.1})
    signs = {"discriminator_loss": [floor + 0.01] * 3, "generator_gradient_norm": [0.001] * 3}
    assert names(examine(parameters, signs)) == ["discriminator_won"]
    assert names(examine(training_parameters, signs)) == []


def test_a_winning_discriminator_is_no_harm_while_the_generator_learns(training_parameters):
    assert names(examine(training_parameters, {"discriminator_loss": [0.01] * 3})) == []


def test_a_stuck_generator_is_seen_by_its_images_too(training_parameters):
    doctor = examine(training_parameters, {"discriminator_loss": [0.01] * 3, "sheet_roughness": [0.7] * 3})
    assert names(doctor) == ["discriminator_won", "noise_images"]
    assert "there are noise images" in doctor.findings["discriminator_won"].evidence


def test_large_losses_of_a_critic_without_floor_are_usual(training_parameters):
    parameters = training_parameters.model_copy(update={"loss": "wasserstein", "gradient_penalty": GradientPenaltyParameters()})
    assert names(examine(parameters, {"discriminator_loss": [-8.0] * NUM_ROWS, "generator_loss": [-500.0] * NUM_ROWS})) == []


def test_a_finding_that_goes_away_stays_on_record_but_the_run_is_healthy(training_parameters):
    doctor = examine(training_parameters, {"sheet_roughness": [0.7] * 4 + [0.2] * 2})
    (finding,) = doctor.diagnosis()["findings"]
    assert (finding["first_step"], finding["last_step"]) == (900, 1000)
    assert doctor.diagnosis()["healthy"]


def test_ones_are_near_to_training_images_without_being_copies(training_parameters):
    assert names(examine(training_parameters, {"nearest_distance": [0.05] * 2, "num_classes_reached": [1.0] * 2})) == []


def test_copies_of_a_few_training_images_are_called_that_alone(training_parameters):
    assert names(examine(training_parameters, SIGNS["memorisation"] | SIGNS["repeated_images"])) == ["memorisation"]


@pytest.mark.parametrize("has_batch_normalization", [False, True])
def test_the_remedy_depends_on_the_discriminator(training_parameters, has_batch_normalization):
    doctor = Doctor(REAL, training_parameters, section(HealthParameters, warmup_steps=0), has_batch_normalization)
    for step in (100, 200, 300):
        doctor.observe(HEALTHY | {"step": step, "num_classes_reached": 7.0})
    remedy = doctor.findings["classes_missing"].remedy
    assert ("networks.discriminator.normalization to layer" in remedy) == has_batch_normalization


@pytest.mark.parametrize("num_rows", [0, 2])
def test_training_that_ends_in_no_number_is_noted_with_the_message(training_parameters, num_rows):
    doctor = examine(training_parameters, {}, num=num_rows)
    doctor.diverged("the generator's loss is nan")
    (finding,) = doctor.serious()
    assert (finding.name, finding.evidence) == ("divergence", "the generator's loss is nan")
    assert finding.first_step == finding.last_step == doctor.diagnosis()["step"] == 100 * num_rows


def test_news_is_told_once(training_parameters):
    doctor = Doctor(REAL, training_parameters, section(HealthParameters, warmup_steps=0))
    told = [doctor.observe(HEALTHY | {"step": step, "sheet_roughness": 0.7}) for step in (100, 200, 300, 400)]
    assert [len(news) for news in told] == [0, 0, 1, 0]


def test_rows_without_a_score_are_skipped(training_parameters):
    nothing = [np.nan, np.nan, np.nan]
    doctor = examine(training_parameters, {"num_classes_reached": [7.0] * 3 + nothing, "kernel_distance": [0.1] * 3 + nothing})
    assert doctor.findings["classes_missing"].first_step == 900


def test_floor_and_indecision_of_every_loss():
    for name, loss in LOSSES.items():
        assert loss.undecided > loss.floor, name


def test_the_texture_of_blank_images_is_not_judged(training_parameters):
    # a few pixels of one grey level more look like noise, or like a single mode
    blank = {"sheet_contrast": [0.001] * 3, "sheet_roughness": [0.9] * 3, "sheet_diversity": [0.0] * 3}
    assert names(examine(training_parameters, blank)) == ["blank_images"]
