"""When a challenger is trained, from what, and what becomes of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ganflow.champion.reasons import find_reason
from ganflow.config.retraining import RetrainingParameters
from ganflow.errors import ConfigurationError, DataError, DivergenceError
from ganflow.networks import instantiate
from ganflow.pipelines.retraining.nodes import (
    carry_out,
    decide,
    find_initial_state,
    hold_trial,
    plan_challenger,
    reject_failed,
)
from ganflow.runtime.hashing import hash_array

FINGERPRINT = {"sha256": "new", "image_shape": [8, 8, 1]}


def champion(days=1.0, sha256="old", **record):
    promoted = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    record = {"data": {"sha256": sha256, "image_shape": [8, 8, 1]}, "run_id": "r", "sha256": "w"} | record
    return {"version": 3, "record": record, "promoted": promoted}


def decision(attempt=0, data="other", promote=False, sha256="x"):
    return {"attempt": attempt, "data": data, "promote": promote, "sha256": sha256, "champion": 3}


def reason(holder, decisions=(), versions=(), **parameters):
    known = {str(number): found for number, found in enumerate(decisions)}
    return find_reason(FINGERPRINT, holder, list(versions), known, RetrainingParameters(**parameters))


def test_without_a_champion_there_is_a_reason_always():
    found = reason({}, [decision(data="new")])
    assert (found["reason"], found["is_due"], found["champion"], found["attempt"]) == ("champion_missing", True, None, 1)


def test_new_data_are_a_reason_once():
    assert reason(champion())["reason"] == "new_data"
    assert not reason(champion(), [decision(data="new")])["is_due"]
    assert not reason(champion(sha256="new"))["is_due"]


def test_the_champions_age_is_a_reason_beyond_the_limit():
    assert reason(champion(2.5, "new"), max_age_days=2)["reason"] == "champion_old"
    assert not reason(champion(1.5, "new"), max_age_days=2)["is_due"]
    assert not reason(champion(1000, "new"))["is_due"]


def test_force_is_a_reason():
    assert reason(champion(sha256="new"), force=True)["reason"] == "force"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ({"sha256": "x", "promoted": None, "rolled_back": None}, "unfinished_promotion"),
        ({"sha256": "x", "promoted": "2026-01-01", "rolled_back": None}, None),
        ({"sha256": "x", "promoted": None, "rolled_back": "2026-01-01"}, None),
    ],
)
def test_a_promotion_that_was_cut_off_is_made_up_for_but_not_one_that_was_undone(version, expected):
    assert reason(champion(), [decision(data="new", promote=True)], [version])["reason"] == expected


def test_a_promotion_that_was_done_but_not_noted_is_done():
    # the champion's weights are those that were to be promoted
    assert not reason(champion(), [decision(data="new", promote=True, sha256="w")])["is_due"]


def test_what_was_cut_off_is_the_same_attempt_again():
    assert reason(champion(), [decision(4, data="new", promote=True)])["attempt"] == 4
    assert reason({}, [decision(4, data="new", promote=True)])["reason"] == "unfinished_promotion"
    # but not once it was followed by another, or the data are others
    assert reason(champion(), [decision(4, data="new", promote=True), decision(5, data="new")])["reason"] is None
    assert reason(champion(), [decision(4, data="older", promote=True)])["reason"] == "new_data"


def test_a_failed_training_is_an_attempt_but_its_data_are_new_still():
    failed = reject_failed(
        "run", {"attempt": 3, "reason": "new_data", "why": "", "champion": 3, "data": "new"}, DivergenceError("at step 7")
    )
    assert (failed["promote"], failed["conditions"][0]["evidence"]) == (False, "at step 7")
    found = reason(champion(), [failed])
    assert (found["reason"], found["attempt"]) == ("new_data", 4)


def test_attempts_count_on_from_the_last_that_was_decided():
    assert [reason({}, found)["attempt"] for found in ((), [decision(0)], [decision(7), decision(2)])] == [0, 1, 8]


def test_images_of_another_size_are_refused_with_the_champion_untouched():
    holder = champion()
    holder["record"]["data"]["image_shape"] = [16, 16, 1]
    with pytest.raises(DataError, match=r"version 3, makes images of shape \[16, 16, 1\], these are of \[8, 8, 1\]"):
        reason(holder)


def test_every_attempt_has_a_seed_of_its_own_and_can_be_continued(training_parameters):
    planned = [plan_challenger(training_parameters, {"attempt": attempt}) for attempt in (0, 1)]
    assert [plan.seed for plan in planned] == [training_parameters.seed, training_parameters.seed + 1]
    last = training_parameters.model_copy(update={"seed": 2**31 - 1, "resume": "never"})
    assert (plan_challenger(last, {"attempt": 2}).seed, plan_challenger(last, {"attempt": 2}).resume) == (1, "auto")


def series(run_id, steps):
    def load(step):
        arrays = {
            "generator/a": np.full(2, step),
            "discriminator/b": np.zeros(1),
            "generator_optimizer/a": np.ones(1),
            "step": np.array(step),
        }
        return {"arrays": arrays, "metadata": {"run_id": run_id, "step": step}}

    return {run_id: {step: (lambda step=step: load(step)) for step in steps}}


def test_a_warm_start_takes_the_networks_of_the_champions_newest_checkpoint():
    warm = RetrainingParameters(warm_start=True)
    state = find_initial_state(champion(), series("r", (5, 10)), {"reason": "new_data"}, warm)
    assert state["metadata"] == {"run_id": "r", "step": 10}
    assert set(state["arrays"]) == {"generator/a", "discriminator/b"}
    assert state["arrays"]["generator/a"].tolist() == [10, 10]
    assert find_initial_state(champion(), series("r", (5,)), {"reason": "new_data"}, RetrainingParameters()) == {}
    assert find_initial_state({}, {}, {"reason": "champion_missing"}, warm) == {}
    with pytest.raises(ConfigurationError, match="run r has no checkpoint any more. Set retraining.warm_start=false"):
        find_initial_state(champion(), series("other", (5,)), {"reason": "new_data"}, warm)


@pytest.fixture
def trial(images, extractor, architectures, evaluation_parameters):
    """Function that holds a trial of two generators of random weights."""
    fingerprint = {"sha256": "a", "train_images_sha256": hash_array(images), "num_train": len(images), "num_classes": 2}

    def hold(seeds, **changes):
        challenger, holder = (None if seed is None else instantiate(architectures[0], seed=seed) for seed in seeds)
        parameters = RetrainingParameters(num_draws=3)
        # the classifier of random images knows nothing
        evaluation = evaluation_parameters.model_copy(update={"minimum_accuracy": 0.0} | changes)
        return hold_trial(challenger, holder, extractor, images[:12], images[12:], fingerprint, parameters, evaluation)

    return hold


def test_both_are_scored_on_the_same_draws(trial):
    held = trial((1, 1))
    assert held["challenger"] == held["champion"]
    assert {len(values) for values in held["challenger"]["scores"].values()} == {3}
    assert len(set(held["challenger"]["scores"]["kernel_distance"])) == 3
    assert trial((1, 2))["champion"] != held["champion"]
    assert "champion" not in trial((1, None))


def test_a_classifier_that_knows_nothing_judges_nobody(trial):
    with pytest.raises(DataError, match="scores in its features need at least 100.0%"):
        trial((1, 2), minimum_accuracy=1.0)


def test_equal_generators_are_no_reason_to_promote(trial):
    record = {"run_id": "run", "sha256": "w"}
    why = {"attempt": 4, "reason": "force", "why": "retraining.force is true", "champion": 3, "data": "new"}
    diagnosis = {"run": {"healthy": False, "findings": [{"name": "mode_collapse", "severity": "serious"}]}}
    result = decide(trial((1, 1)), diagnosis, record, why, RetrainingParameters())
    found = result["decisions"]["run"]
    passed = {condition["name"]: condition["passed"] for condition in found["conditions"]}
    assert (found["promote"], passed["kernel_distance_improves"], passed["coverage_not_worse"], passed["healthy"]) == (
        False,
        False,
        True,
        False,
    )
    assert (found["attempt"], found["champion"], found["data"], found["sha256"]) == (4, 3, "new", "w")
    assert carry_out(result["decisions"], record) == {"promote": False, "sha256": "w", "champion": 3, "run_id": "run"}
    page = result["decision_page"]
    assert page.startswith("# Challenger run: rejected")
    assert "| kernel_distance_improves | **no** |" in page
    assert "| coverage_not_worse | yes |" in page


def test_a_run_without_a_diagnosis_is_not_healthy(trial):
    why = {"attempt": 0, "reason": "force", "why": "", "champion": None, "data": "new"}
    result = decide(trial((1, None)), {}, {"run_id": "run", "sha256": "w"}, why, RetrainingParameters())
    assert not {found["name"]: found["passed"] for found in result["decisions"]["run"]["conditions"]}["healthy"]
