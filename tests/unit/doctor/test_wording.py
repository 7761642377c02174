"""What the doctor says about numbers that are given; how they were found is another matter."""

import inspect
import math
import re

import pytest

from ganflow.config.training import GradientPenaltyParameters
from ganflow.doctor import remedies, wording
from ganflow.doctor.findings import Detection, Recipe
from ganflow.doctor.rules import RULES

# every rule, numbers and subject as it might give them, and what is said of these
EXAMPLES = {
    "discriminator_won": (
        {"loss": 0.01, "floor": 0.0, "undecided": 1.386, "accuracy": 1.0, "gradient": 1e-4, "largest_gradient": 0.073},
        "noise_images",
        "the discriminator's loss is 0.01 (floor 0, undecided 1.39), its accuracy 1.000, the generator's gradient 0.0001 (largest 0.073), "
        "and there are noise images",
    ),
    "discriminator_blind": (
        {"undecided": 1.386},
        "blank_images",
        "the discriminator's loss has been within 1 % of that of pure guessing (1.39) for 3 rows, while there are blank images",
    ),
    "noise_images": (
        {"roughness": 0.7, "real_roughness": 0.2},
        "",
        "the roughness of the sheet is 0.70 (real images 0.20, white noise 1)",
    ),
    "blank_images": (
        {"contrast": 0.01, "real_contrast": 0.3, "brightness": 0.02, "real_brightness": 0.13},
        "",
        "the contrast of the sheet is 0.010 (real images 0.300), its brightness 0.02 (real images 0.13)",
    ),
    "saturated_images": (
        {"midtones": 0.01, "real_midtones": 0.1, "brightness": 0.5, "real_brightness": 0.13},
        "",
        "0.010 of the pixels are between black and white (real images 0.100), the brightness is 0.50 (real images 0.13)",
    ),
    "mode_collapse": (
        {"diversity": 0.25, "num_rows": 7},
        "",
        "images from different noise differ 0.25 times as much as real ones do; the collapse came slowly, over 7 rows",
    ),
    "checkerboard": (
        {"power": 4.0, "real_power": 0.9},
        "",
        "the highest frequency of the sheet has 4.0 times the power of those below it (real images 0.9)",
    ),
    "frozen_clips": (
        {"motion": 0.1},
        "",
        "from frame to frame generated clips change 0.10 times as much as real ones do, measured by contrast",
    ),
    "flicker": (
        {"flicker": 0.45, "real_flicker": 0.1, "independent": 0.5},
        "",
        "45% of what changes from frame to frame is undone by the next frame (real clips 10%, frames that have nothing to do with each "
        "other 50%)",
    ),
    "repeated_images": (
        {"distance": 0.09, "real_distance": 0.2},
        "",
        "generated images are 0.090 from their nearest neighbour (root mean square of pixels), real ones 0.200",
    ),
    "classes_missing": (
        {"num_classes": 7.0, "num_before": 8.0, "num_wanted": 10.0},
        "",
        "7 of 10 classes have at least a tenth of their share in the last score; 8 had it 2 scores before",
    ),
    "class_ignored": ({"share": 0.4, "class": 7.0}, "", "of the images that were asked to be of class 7, 40% are"),
    "class_collapsed": ({"spread": 0.3, "class": 4.0}, "", "images of class 4 are 30% as far from each other as real ones of it"),
    "divergence": (
        {"size": 50.0, "usual_size": 0.15},
        "generator_gradient_norm",
        "generator_gradient_norm is 50; its usual size was 0.15",
    ),
    "oscillation": (
        {"num_turns": 6, "num_rows": 8, "size": 0.2, "limit": 0.03, "step": 800},
        "sheet_brightness",
        "sheet_brightness turned 6 times in 8 rows, by 0.2 on average (limit 0.03)",
    ),
    "decline": (
        {"distance": 0.5, "best_distance": 0.1, "best_step": 300.0},
        "",
        "the kernel distance is 0.5; it was 0.1 at step 300",
    ),
    "memorisation": (
        {"distance": 0.05, "real_distance": 0.18},
        "",
        "generated images are 0.050 from the nearest training image (root mean square of pixels), training images 0.180 from each other",
    ),
}


def word(name, training_parameters, **changes):
    """What is said of an example, for a recipe with some parameters changed."""
    numbers, subject, _ = EXAMPLES[name]
    recipe = Recipe(training_parameters.model_copy(update=changes))
    return getattr(wording, name)(Detection(name, numbers, subject), recipe)


def test_every_rule_has_an_example():
    assert set(EXAMPLES) == {rule.__name__ for rule in RULES}


def test_every_public_function_of_the_module_words_a_rule():
    functions = inspect.getmembers(wording, lambda member: inspect.isfunction(member) and member.__module__ == wording.__name__)
    assert {function for name, function in functions if not name.startswith("_")} == set(RULES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_numbers_are_put_into_words(training_parameters, name):
    finding = word(name, training_parameters)
    assert (finding.name, finding.evidence) == (name, EXAMPLES[name][-1])
    assert re.search(r"\b(training|networks|data)\.[a-z]", finding.remedy)
    # whole sentences, each ended once
    for text in (finding.cause, finding.remedy):
        assert re.fullmatch(r"[A-Z].*[^.]\.", text), text


@pytest.mark.parametrize(("num_rows", "kind"), [(0, "suddenly"), (2, "suddenly"), (3, "slowly, over 3 rows"), (math.inf, "from the start")])
def test_a_collapse_is_slow_from_three_rows_on(training_parameters, num_rows, kind):
    detection = Detection("mode_collapse", {"diversity": 0.25, "num_rows": num_rows})
    assert wording.mode_collapse(detection, Recipe(training_parameters)).evidence.endswith(f"; the collapse came {kind}")


def test_an_error_is_told_by_its_message(training_parameters):
    finding = wording.divergence(Detection("divergence", subject="the loss is nan"), Recipe(training_parameters))
    assert (finding.evidence, finding.severity) == ("the loss is nan", "serious")


def test_good_images_are_not_mentioned_where_the_discriminator_has_won(training_parameters):
    numbers, _, evidence = EXAMPLES["discriminator_won"]
    finding = wording.discriminator_won(Detection("discriminator_won", numbers), Recipe(training_parameters))
    assert finding.evidence == evidence.removesuffix(", and there are noise images")


@pytest.mark.parametrize(("loss", "is_named"), [("minimax", True), ("logistic", False), ("hinge", False)])
def test_a_saturating_loss_is_to_be_replaced(training_parameters, loss, is_named):
    finding = word("discriminator_won", training_parameters, loss=loss)
    assert finding.remedy.startswith("Set training.loss to logistic. ") == is_named
    assert ("the minimax loss has no slope left" in finding.cause) == is_named


@pytest.mark.parametrize("name", ["blank_images", "noise_images"])
@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (1.0, "Lower training.generator_optimizer.learning_rate (now 1; from"),
        (2e-3, "Raise training.r1_weight to 3 (now 1), or lower training.generator_optimizer.learning_rate (now 0.002)."),
        (1e-7, "Raise training.generator_optimizer.learning_rate (now 1e-07; from"),
    ],
)
def test_images_that_show_nothing_come_of_steps_too_large_or_too_small(training_parameters, name, rate, expected):
    optimizer = training_parameters.generator_optimizer.model_copy(update={"learning_rate": rate})
    assert word(name, training_parameters, generator_optimizer=optimizer).remedy.startswith(expected)


@pytest.mark.parametrize(("clip_value", "is_named"), [(None, True), (5.0, True), (1.0, False)])
def test_clipping_is_a_remedy_where_it_is_not_done(training_parameters, clip_value, is_named):
    optimizer = training_parameters.generator_optimizer.model_copy(update={"clip_value": clip_value})
    remedy = word("saturated_images", training_parameters, generator_optimizer=optimizer).remedy
    assert ("training.generator_optimizer.clip_value to 1" in remedy) == is_named


@pytest.mark.parametrize(
    ("changes", "has_batch_normalization", "expected"),
    [
        ({"r1_weight": 0.0}, False, "Set training.r1_weight to 1 (now 0)"),
        ({"r1_weight": 0.5}, False, "Raise training.r1_weight to 1.5 (now 0.5)"),
        ({"gradient_penalty": GradientPenaltyParameters()}, False, "Raise training.gradient_penalty.weight (now 10)"),
        ({"r1_weight": 0.0}, True, "Set networks.discriminator.normalization to layer and training.r1_weight to 1"),
        (
            {"r1_weight": 0.0, "loss": "wasserstein", "weight_clip": 0.01},
            True,
            "Set networks.discriminator.normalization to layer, training.gradient_penalty.weight to 10 and training.weight_clip to null",
        ),
        (
            {"r1_weight": 0.0, "loss": "wasserstein", "weight_clip": 0.01},
            False,
            "Set training.gradient_penalty.weight to 10 and training.weight_clip to null",
        ),
        ({"r1_weight": 5.0, "weight_clip": 0.01}, False, "Set training.weight_clip to null"),
    ],
)
def test_the_remedy_is_one_that_this_recipe_can_take(training_parameters, changes, has_batch_normalization, expected):
    recipe = Recipe(training_parameters.model_copy(update=changes), has_batch_normalization)
    assert remedies.bound_slope(recipe) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"r1_weight": 50.0}, "Lower training.r1_weight (now 50), or raise the discriminator's learning rate"),
        ({"r1_weight": 2.0, "r2_weight": 3.0}, "Lower training.r1_weight (now 2) and training.r2_weight (now 3), or raise"),
        ({"r1_weight": 0.0, "gradient_penalty": GradientPenaltyParameters()}, "Lower training.gradient_penalty.weight (now 10), or raise"),
        ({"r1_weight": 0.0}, "Raise the discriminator's learning rate"),
        ({"r1_weight": 0.0, "weight_clip": 1e-4}, "Raise training.weight_clip (now 0.0001)."),
    ],
)
def test_what_blinds_the_discriminator_is_to_be_loosened(training_parameters, changes, expected):
    assert word("discriminator_blind", training_parameters, **changes).remedy.startswith(expected)


@pytest.mark.parametrize(("decay", "is_named"), [(0.99, True), (0.998, False)])
def test_a_longer_average_is_no_remedy_before_the_average_is_that_long(training_parameters, decay, is_named):
    # at step 1,200 it is (1 + 1200) / (10 + 1200) = 0.9926 at most
    numbers = EXAMPLES["oscillation"][0] | {"step": 1200}
    recipe = Recipe(training_parameters.model_copy(update={"average_decay": decay}))
    remedy = wording.oscillation(Detection("oscillation", numbers, "sheet_brightness"), recipe).remedy
    assert ("training.average_decay" in remedy) == is_named
