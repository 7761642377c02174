"""When a challenger is trained."""

import pytest
from champions import NOW, champion, decision

from base_parameters import section
from ganflow.champion.decision import reject_failed
from ganflow.champion.reasons import find_reason
from ganflow.config.retraining import RetrainingParameters
from ganflow.errors import DataError, DivergenceError

FINGERPRINT = {"sha256": "new", "image_shape": [8, 8, 1]}


def reason(holder, decisions=(), versions=(), **parameters):
    known = {str(number): found for number, found in enumerate(decisions)}
    return find_reason(FINGERPRINT, holder, list(versions), known, section(RetrainingParameters, **parameters), NOW)


def test_without_a_champion_there_is_a_reason_always():
    found = reason(None, [decision(data="new")])
    assert (found["reason"], found["is_due"], found["champion"], found["attempt"]) == ("champion_missing", True, None, 1)


def test_new_data_are_a_reason_once():
    assert reason(champion())["reason"] == "new_data"
    assert not reason(champion(), [decision(data="new")])["is_due"]
    assert not reason(champion(sha256="new"))["is_due"]


def test_the_champions_age_is_a_reason_beyond_the_limit():
    assert reason(champion(2.5, "new"), max_age_days=2)["reason"] == "champion_old"
    assert reason(champion(2, "new"), max_age_days=2)["why"] == (
        "version 3 is champion, 2.0 days old of at most 2, and the champion was trained on these data"
    )
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
    assert reason(None, [decision(4, data="new", promote=True)])["reason"] == "unfinished_promotion"
    # but not once it was followed by another, or the data are others
    assert reason(champion(), [decision(4, data="new", promote=True), decision(5, data="new")])["reason"] is None
    assert reason(champion(), [decision(4, data="older", promote=True)])["reason"] == "new_data"


def test_a_failed_training_is_an_attempt_but_its_data_are_new_still():
    why = {"attempt": 3, "reason": "new_data", "why": "", "champion": 3, "data": "new"}
    failed = reject_failed("run", why, DivergenceError("at step 7"), NOW)
    assert (failed["promote"], failed["conditions"][0]["evidence"]) == (False, "at step 7")
    found = reason(champion(), [failed])
    assert (found["reason"], found["attempt"]) == ("new_data", 4)


def test_attempts_count_on_from_the_last_that_was_decided():
    assert [reason(None, found)["attempt"] for found in ((), [decision(0)], [decision(7), decision(2)])] == [0, 1, 8]


def test_images_of_another_size_are_refused_with_the_champion_untouched():
    holder = champion()
    holder["record"]["data"]["image_shape"] = [16, 16, 1]
    with pytest.raises(DataError, match=r"version 3, makes images of shape \[16, 16, 1\], these are of \[8, 8, 1\]"):
        reason(holder)


def test_a_change_that_is_on_record_is_weighed():
    change = {"since": "r", "num_added": 1, "num_removed": 0, "drift": None, "drift_standard_error": None}
    known = section(RetrainingParameters), NOW, change
    found = find_reason(FINGERPRINT, champion(), [], {}, *known)
    assert not found["is_due"]
    assert "1 image was added and 0 images were removed since run r was trained" in found["why"]
    change["num_added"] = 50
    assert find_reason(FINGERPRINT, champion(), [], {}, *known)["reason"] == "new_data"
    # nothing is trained twice on the same images
    assert not find_reason(FINGERPRINT, champion(), [], {"0": decision(data="new")}, *known)["is_due"]
