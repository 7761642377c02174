"""A challenger is promoted if every condition holds, and a difference counts only beyond the noise of the draws."""

import pytest
from champions import contestant, trial
from hypothesis import given
from hypothesis import strategies as st

from base_parameters import section
from ganflow.champion.gate import judge
from ganflow.config.retraining import GateParameters

GATE = section(GateParameters)


def verdict(challenger, champion=None, held_out=0.2, num_classes=10, findings=(), gate=GATE):
    found = judge(trial(challenger, champion, held_out, num_classes), list(findings), gate)
    return {condition["name"]: condition["passed"] for condition in found}


CHAMPION = contestant((1.0, 1.1, 0.9))


def test_the_interval_is_welchs_by_hand():
    # means 0.5 and 1, variances 0.01 each over 3 draws: error √(0.01/3 + 0.01/3) = 0.0816, 4 degrees of freedom, t = 2.776:
    # -0.5 ± 0.2267
    (first, *_) = judge(trial(contestant((0.4, 0.5, 0.6)), CHAMPION), [], GATE)
    assert first["name"] == "kernel_distance_improves"
    assert first["passed"]
    assert first["evidence"] == (
        "0.5 against the champion's 1: a difference of -0.5, 95% interval -0.727 to -0.273 over 3 draws; all of it has to be below 0"
    )


def test_the_confidence_is_the_gates():
    # t of 4 degrees of freedom at 60 % is 0.941: -0.5 ± 0.0768
    (first, *_) = judge(trial(contestant((0.4, 0.5, 0.6)), CHAMPION), [], section(GateParameters, confidence=0.6))
    assert "60% interval -0.577 to -0.423" in first["evidence"]


@pytest.mark.parametrize(("shift", "improves"), [(-0.3, True), (-0.2, False), (0.0, False), (0.3, False)])
def test_a_better_distance_has_to_be_better_by_more_than_the_noise(shift, improves):
    # the half width is 0.2267 whatever the shift
    assert verdict(contestant([value + shift for value in (1.0, 1.1, 0.9)]), CHAMPION)["kernel_distance_improves"] is improves


@pytest.mark.parametrize("name", ["coverage", "recall"])
@pytest.mark.parametrize(("shift", "holds"), [(-0.05, False), (-0.01, True), (0.05, True)])
def test_coverage_and_recall_may_be_worse_within_the_noise_only(name, shift, holds):
    # variances 0.0001 over 3 draws: the half width is 2.776 · √(0.0002 / 3) = 0.0227
    values = {"coverage": (0.9, 0.92, 0.91), "recall": (0.8, 0.82, 0.81)}
    shifted = {name: [value + shift for value in values[name]]}
    assert verdict(contestant((0.1, 0.1, 0.1), **shifted), CHAMPION)[f"{name}_not_worse"] is holds


def test_without_any_spread_the_difference_is_exact():
    same = contestant((1.0, 1.0))
    assert not verdict(same, same)["kernel_distance_improves"]
    assert verdict(same, same)["coverage_not_worse"]
    assert verdict(contestant((0.999, 0.999)), same)["kernel_distance_improves"]
    (first, *_) = judge(trial(contestant((1 / 3, 1 / 3)), contestant((2 / 3, 2 / 3))), [], GATE)
    assert first["evidence"].startswith(
        "0.3333 against the champion's 0.6667: a difference of -0.333, 95% interval -0.333 to -0.333 over 2 "
    )
    flat, lower = contestant((1.0, 1.0), coverage=(0.9, 0.9)), contestant((1.0, 1.0), coverage=(0.899, 0.899))
    assert verdict(flat, flat)["coverage_not_worse"]
    assert not verdict(lower, flat)["coverage_not_worse"]
    assert verdict(flat, lower)["coverage_not_worse"]


def test_without_a_champion_nothing_is_compared():
    assert verdict(contestant((5.0, 6.0))) == {"every_class": True, "minimum_nearest_distance": True, "healthy": True}


def test_the_poorest_draw_has_to_have_every_class():
    assert not verdict(contestant((1.0, 1.0, 1.0), classes=(10.0, 9.0, 10.0)))["every_class"]
    assert verdict(contestant((1.0, 1.0, 1.0), classes=(10.0, 9.0, 10.0)), num_classes=9)["every_class"]


@pytest.mark.parametrize(("nearest", "holds"), [(0.121, True), (0.12, True), (0.119, False)])
def test_images_closer_to_training_images_than_real_ones_are_copies(nearest, holds):
    # 0.6 of 0.2 is 0.12
    assert verdict(contestant((1.0, 1.0), nearest=nearest))["minimum_nearest_distance"] is holds


def test_the_evidence_gives_the_numbers_of_each_condition():
    # coverage: means 0.81 and 0.91, variances 0.0001 over 3 draws: -0.1 ± 2.776 · √(0.0002 / 3) = 0.0227
    challenger = contestant((0.4, 0.5, 0.6), coverage=(0.8, 0.82, 0.81), classes=(10.0, 8.0, 9.0), nearest=0.1)
    found = judge(trial(challenger, CHAMPION), ["mode_collapse", "copies"], GATE)
    assert {condition["name"]: condition["evidence"] for condition in found if not condition["passed"]} == {
        "coverage_not_worse": "0.81 against the champion's 0.91: a difference of -0.1, 95% interval -0.123 to -0.0773 over 3 draws; "
        "not all of it may be below 0",
        "every_class": "8 of 10 classes in the poorest draw",
        "minimum_nearest_distance": "images are 0.100 from the nearest training image, held-out images 0.200; at least 0.120 is asked for",
        "healthy": "the doctor found mode_collapse, copies",
    }
    assert judge(trial(challenger), [], GATE)[-1] == {
        "name": "healthy", "passed": True, "evidence": "the doctor found nothing serious",
    }  # fmt: skip


def test_every_condition_can_be_dropped():
    nothing = section(
        GateParameters, kernel_distance_improves=False, not_worse=(), every_class=False, minimum_nearest_distance=None, healthy=False
    )
    assert verdict(contestant((9.0, 9.0), nearest=0.0), CHAMPION, findings=["x"], gate=nothing) == {}


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6), st.lists(st.floats(-1, 1), min_size=2, max_size=6))
def test_never_do_both_improve_on_each_other(one, other):
    def improves(challenger, champion):
        gate = section(GateParameters, not_worse=())
        return verdict(contestant(challenger), contestant(champion), gate=gate)["kernel_distance_improves"]

    assert not (improves(one, other) and improves(other, one))


def test_where_no_classes_are_named_every_class_is_not_asked():
    challenger = contestant((0.5, 0.5, 0.5))
    del challenger["scores"]["num_classes_reached"]
    found = verdict(challenger, num_classes=0)
    assert "every_class" not in found
    assert all(found.values())


def knowing(shares):
    return contestant((1.0, 1.1, 1.2)) | {"asked_class_shares": shares}


def conditions(challenger, champion):
    return judge(trial(challenger, champion), [], GATE)


def judged_per_class(challenger, champion):
    return next(found for found in conditions(challenger, champion) if found["name"] == "not_worse_per_class")


def test_one_class_that_is_drawn_less_often_is_enough_to_reject():
    champion = knowing({"cat": [0.98, 0.99, 0.97], "dog": [0.96, 0.97, 0.95]})
    better = knowing({"cat": [0.99, 0.99, 0.98], "dog": [0.97, 0.96, 0.95]})
    worse = knowing({"cat": [0.99, 0.99, 0.98], "dog": [0.7, 0.71, 0.72]})
    assert judged_per_class(better, champion)["passed"]
    found = judged_per_class(worse, champion)
    assert not found["passed"]
    assert "the class 'dog', 0.71 against the champion's 0.96" in found["evidence"]


def test_among_many_classes_one_has_to_be_much_worse():
    # means 0.98 and 0.955, variances 0.0001 over 3 draws: -0.025 ± 0.0227 alone, and ± 0.054 among twenty (t = 6.6)
    names = [str(number) for number in range(20)]
    champion = {name: [0.97, 0.98, 0.99] for name in names}
    challenger = champion | {"3": [0.945, 0.955, 0.965]}
    assert not judged_per_class(knowing({"3": challenger["3"]}), knowing({"3": champion["3"]}))["passed"]
    found = judged_per_class(knowing(challenger), knowing(champion))
    assert found["passed"]
    assert "the class '3'" in found["evidence"]
    assert "99.75% interval" in found["evidence"]


def test_who_no_longer_knows_classes_is_worse_and_who_learns_them_is_not():
    knows, knows_none = knowing({"cat": [0.9, 0.9, 0.9]}), contestant((1.0, 1.1, 1.2))
    assert judged_per_class(knows_none, knows)["evidence"].endswith("the challenger knows no classes")
    assert not judged_per_class(knows_none, knows)["passed"]
    assert "not_worse_per_class" not in {found["name"] for found in conditions(knows, knows_none)}


def test_classes_that_are_new_are_not_compared():
    assert judged_per_class(knowing({"dog": [0.9] * 3}), knowing({"cat": [0.9] * 3}))["passed"]
