"""What a rule detects, in numbers; the words are another matter."""

import math

import pytest

from ganflow.doctor.findings import Chart
from ganflow.doctor.rules import (
    RULES,
    bad_images,
    class_collapsed,
    class_ignored,
    classes_missing,
    decline,
    discriminator_won,
    divergence,
    flicker,
    frozen_clips,
    memorisation,
    mode_collapse,
    noise_images,
    oscillation,
)
from ganflow.losses.adversarial import find_loss

REAL = {"sheet_contrast": 0.3, "sheet_roughness": 0.2, "sheet_midtones": 0.1, "sheet_brightness": 0.1, "sheet_diversity": 0.09}
SCORE = {"kernel_distance": 0.1, "kernel_distance_standard_error": 0.01}
REST = {"discriminator_loss": 1.2, "discriminator_accuracy": 0.65, "generator_gradient_norm": 0.15}


def chart(num_rows, loss="logistic", warmup_steps=0, real=REAL, **columns):
    """A chart of healthy rows at steps 100, 200, …; `columns` are the newest values of some."""
    rows = [REAL | REST | SCORE | {"step": 100 * (number + 1)} for number in range(num_rows)]
    for column, values in columns.items():
        for row, value in zip(rows[-len(values) :], values, strict=True):
            row[column] = value
    return Chart(rows, real, find_loss(loss), warmup_steps)


def test_a_rule_measures_and_says_nothing():
    detection = noise_images(chart(3, sheet_roughness=[0.7] * 3))
    assert (detection.name, detection.subject) == ("noise_images", "")
    assert detection.numbers == {"roughness": 0.7, "real_roughness": 0.2}


def test_the_limit_of_noise_is_a_quarter_of_the_way_to_white_noise():
    # 0.2 + 0.25 · (1 - 0.2) = 0.4
    assert noise_images(chart(3, sheet_roughness=[0.41] * 3)) is not None
    assert noise_images(chart(3, sheet_roughness=[0.4] * 3)) is None


@pytest.mark.parametrize(("num_lost", "num_rows"), [(3, 1), (4, 2), (6, 4)])
def test_a_collapse_counts_the_rows_from_the_last_diverse_one_to_the_first_of_three_bad_ones(num_lost, num_rows):
    # 0.07 of 0.09 is less than 0.8, and not yet less than half
    diversity = [0.07] * (num_lost - 3) + [0.01] * 3
    assert mode_collapse(chart(12, sheet_diversity=diversity)).numbers == pytest.approx({"diversity": 1 / 9, "num_rows": num_rows})


def test_a_collapse_from_the_start_has_no_diverse_row_to_count_from():
    assert mode_collapse(chart(12, sheet_diversity=[0.01] * 12)).numbers["num_rows"] == math.inf


MOVING = REAL | {"sheet_motion": 0.09, "sheet_flicker": 0.1}


def test_clips_are_frozen_below_a_fifth_of_the_motion_of_real_ones():
    # 0.09 over 0.3² is 1
    assert frozen_clips(chart(3, real=MOVING, sheet_motion=[0.0171] * 3)).numbers == pytest.approx({"motion": 0.19})
    assert frozen_clips(chart(3, real=MOVING, sheet_motion=[0.0189] * 3)) is None
    # real clips that stand still themselves
    assert frozen_clips(chart(3, real=MOVING | {"sheet_motion": 0.0}, sheet_motion=[0.0] * 3)) is None
    # more motion than real clips have is another matter
    assert frozen_clips(chart(3, real=MOVING, sheet_motion=[0.9] * 3)) is None


def test_the_limit_of_flicker_is_halfway_to_frames_that_have_nothing_to_do_with_each_other():
    # 0.1 + 0.5 · (0.5 - 0.1) = 0.3
    detection = flicker(chart(3, real=MOVING, sheet_flicker=[0.31] * 3))
    assert detection.numbers == {"flicker": 0.31, "real_flicker": 0.1, "independent": 0.5}
    assert flicker(chart(3, real=MOVING, sheet_flicker=[0.29] * 3)) is None


def test_images_neither_freeze_nor_flicker():
    # their history has no such columns
    assert frozen_clips(chart(5)) is None
    assert flicker(chart(5)) is None


def test_the_first_rule_that_finds_images_bad_names_them():
    assert bad_images(chart(3)) == ""
    assert bad_images(chart(3, sheet_midtones=[0.0] * 3)) == "saturated_images"
    assert bad_images(chart(3, sheet_midtones=[0.0] * 3, sheet_roughness=[0.9] * 3)) == "noise_images"


def test_a_won_game_is_told_by_loss_and_gradient_or_by_loss_and_images():
    by_gradient = discriminator_won(chart(4, discriminator_loss=[0.01] * 3, generator_gradient_norm=[0.001]))
    assert by_gradient.subject == ""
    assert by_gradient.numbers == {
        "loss": 0.01,
        "floor": 0.0,
        "undecided": 2 * math.log(2),
        "accuracy": 0.65,
        "gradient": 0.001,
        "largest_gradient": 0.15,
    }
    assert discriminator_won(chart(4, discriminator_loss=[0.01] * 3, sheet_midtones=[0.0] * 3)).subject == "saturated_images"
    assert discriminator_won(chart(4, discriminator_loss=[0.01] * 3)) is None


@pytest.mark.parametrize(("loss", "size"), [("logistic", 20 * math.log(2)), ("hinge", 20.0), ("wasserstein", 10.0)])
def test_divergence_is_measured_in_the_scale_of_the_loss(loss, size):
    # ten times the way from floor to guessing; ten times 1 where there is no floor
    detection = divergence(chart(6, loss, discriminator_loss=[0.1] * 3 + [1.01 * size] * 3))
    assert (detection.subject, detection.numbers["usual_size"]) == ("discriminator_loss", pytest.approx(0.1))
    assert detection.numbers["size"] == pytest.approx(1.01 * size)
    assert divergence(chart(6, loss, discriminator_loss=[0.1] * 3 + [0.99 * size] * 3)) is None


def test_an_oscillation_names_its_column_and_counts_its_turns():
    detection = oscillation(chart(8, sheet_brightness=[0.05, 0.25] * 4))
    assert detection.subject == "sheet_brightness"
    # eight rows make seven swings of 0.2, with a turn between any two; the limit is a tenth of real contrast
    assert detection.numbers == pytest.approx({"num_turns": 6, "num_rows": 8, "size": 0.2, "limit": 0.03, "step": 800})


def test_a_loss_without_floor_may_swing():
    swings = {"discriminator_loss": [-5.0, 5.0] * 4}
    assert oscillation(chart(8, "logistic", **swings)).subject == "discriminator_loss"
    assert oscillation(chart(8, "wasserstein", **swings)) is None


@pytest.mark.parametrize(("warmup_steps", "is_found"), [(0, True), (100, True), (200, False)])
def test_scores_count_after_the_warm_up_only(warmup_steps, is_found):
    # decline needs four scores
    rows = chart(5, warmup_steps=warmup_steps, kernel_distance=[0.1, 0.1, 0.1, 0.5, 0.5])
    detection = decline(rows)
    assert (detection is not None) == is_found
    if is_found:
        # the newest of those that are as good
        assert detection.numbers == {"distance": 0.5, "best_distance": 0.1, "best_step": 300}


def test_rows_without_a_score_do_not_count_as_scores():
    rows = {"num_classes_reached": [7.0, math.nan, 7.0, math.nan, 6.0], "kernel_distance": [0.1, math.nan, 0.1, math.nan, 0.1]}
    detection = classes_missing(chart(5, real=REAL | {"num_classes_reached": 10.0}, **rows))
    assert detection.numbers == {"num_classes": 6.0, "num_before": 7.0, "num_wanted": 10.0}


def test_every_rule_has_words_of_its_name():
    assert [words.__name__ for words in RULES.values()] == [rule.__name__ for rule in RULES]


def test_no_class_is_missed_where_none_is_named():
    unnamed = {"num_classes_reached": math.nan}
    assert classes_missing(chart(5, real=REAL | unnamed, **{name: [value] * 5 for name, value in unnamed.items()})) is None


def test_a_class_that_is_drawn_more_and_more_often_is_not_ignored():
    shares = {"lowest_asked_share": [0.1, 0.1, 0.2, 0.3, 0.45], "lowest_asked_class": [7.0] * 5}
    assert class_ignored(chart(5, **shares)) is None
    detection = class_ignored(chart(5, **shares | {"lowest_asked_share": [0.1, 0.1, 0.4, 0.3, 0.45]}))
    assert detection.numbers == {"share": 0.45, "class": 7.0}


def test_where_nobody_asks_for_a_class_none_is_ignored_or_collapsed():
    unasked = {"lowest_asked_share": [math.nan] * 5, "lowest_class_spread": [math.nan] * 5}
    assert class_ignored(chart(5, **unasked)) is None
    assert class_collapsed(chart(5, **unasked)) is None
    # histories of before have no such columns
    assert class_ignored(chart(5)) is None
    assert class_collapsed(chart(5)) is None


def test_a_class_is_collapsed_only_while_the_others_are_not():
    real = REAL | {"sample_distance": 0.2, "nearest_distance": 0.18}
    narrow = {"lowest_class_spread": [0.3] * 5, "narrowest_class": [4.0] * 5, "nearest_distance": [0.18] * 5}
    assert class_collapsed(chart(5, real=real, sample_distance=[0.19] * 5, **narrow)).numbers == {"spread": 0.3, "class": 4.0}
    # all images are alike, whatever their class, which another rule names
    assert class_collapsed(chart(5, real=real, sample_distance=[0.09] * 5, **narrow)) is None


def test_copies_are_seen_where_no_class_is_named():
    unnamed = {"num_classes_reached": math.nan}
    rows = {"nearest_distance": [0.01] * 5, "num_classes_reached": [math.nan] * 5}
    assert memorisation(chart(5, real=REAL | unnamed | {"nearest_distance": 0.1}, **rows)) is not None
