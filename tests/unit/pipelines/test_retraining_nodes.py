"""The nodes of a retraining take the time that they are given, and what they need from records of many runs."""

from datetime import UTC, datetime, timedelta

import pytest

from base_parameters import section
from ganflow.config.retraining import RetrainingParameters
from ganflow.pipelines.retraining.nodes import carry_out, decide, find_reason

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECORD = {"run_id": "run", "sha256": "w"}
REASON = {"is_due": True, "reason": "force", "why": "", "attempt": 4, "champion": None, "data": "new"}
SCORES = {"kernel_distance": [0.5, 0.6], "num_classes_reached": [2.0, 2.0]}
TRIAL = {
    "num_samples": 10,
    "extractor": "classifier 0123",
    "num_classes": 2,
    "num_held_out": 9,
    "num_left_out": 0,
    "held_out_distance": 0.2,
    "challenger": {"scores": SCORES, "nearest_distance": 0.2},
}


@pytest.mark.parametrize(("days", "is_due"), [(1, False), (3, True)])
def test_the_age_of_the_champion_is_that_of_now(days, is_due):
    promoted = (NOW - timedelta(days=days)).isoformat()
    data = {"sha256": "new", "image_shape": [8, 8, 1]}
    champion = {"version": 3, "record": RECORD | {"data": data}, "promoted": promoted}
    assert find_reason(data, champion, [], {}, section(RetrainingParameters, max_age_days=2), NOW, {})["is_due"] is is_due


@pytest.mark.parametrize(
    ("diagnosis", "promoted"),
    [
        ({"run": {"healthy": True, "findings": []}, "other": {"healthy": False, "findings": []}}, True),
        ({"other": {"healthy": True, "findings": []}}, False),
    ],
)
def test_the_diagnosis_that_counts_is_that_of_the_challengers_own_run(diagnosis, promoted):
    decisions = decide(TRIAL, diagnosis, RECORD, REASON, section(RetrainingParameters), NOW)
    found = decisions["run"]
    assert found["promote"] is promoted
    assert datetime.fromisoformat(found["decided"]) == NOW
    assert carry_out(decisions | {"other": {}}, RECORD) == {
        "promote": promoted, "sha256": "w", "champion": None, "run_id": "run",
    }  # fmt: skip
