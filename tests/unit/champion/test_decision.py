"""What becomes of a challenger, and what of it is on record."""

from champions import NOW, contestant, reason, trial

from base_parameters import section
from ganflow.champion.decision import decide, order_promotion
from ganflow.config.retraining import GateParameters
from ganflow.reporting.pages import write_decision

RECORD = {"run_id": "run", "sha256": "w"}
HEALTHY = {"healthy": True, "findings": []}
IMAGES = {"image_shape": [8, 8, 1]}
BETTER = trial(contestant((0.4, 0.5, 0.6)), contestant((1.0, 1.1, 0.9)))


def decided(diagnosis, held=BETTER, why=None):
    return decide(held, diagnosis, RECORD, why or reason(4), section(GateParameters), NOW)


def test_a_better_one_is_promoted_and_its_reason_stays_on_record():
    found = decided(HEALTHY)
    assert (found["promote"], found["attempt"], found["reason"], found["champion"], found["data"]) == (True, 4, "force", 3, "new")
    assert (found["run_id"], found["sha256"], found["decided"]) == ("run", "w", "2026-03-01T00:00:00+00:00")
    assert order_promotion(found) == {"promote": True, "sha256": "w", "champion": 3, "run_id": "run"}


def test_a_run_without_a_diagnosis_is_not_healthy():
    found = decided(None, trial(contestant((0.5, 0.5, 0.5))), reason(champion=None))
    assert {condition["name"]: condition["passed"] for condition in found["conditions"]}["healthy"] is False
    assert not found["promote"]


def test_only_what_is_serious_makes_a_run_unhealthy():
    findings = [{"name": "mode_collapse", "severity": "serious"}, {"name": "loss_oscillates", "severity": "notice"}]
    (healthy,) = [found for found in decided({"healthy": False, "findings": findings})["conditions"] if found["name"] == "healthy"]
    assert (healthy["passed"], healthy["evidence"]) == (False, "the doctor found mode_collapse")
    # what was serious has passed
    assert decided({"healthy": True, "findings": findings})["promote"]


def test_the_page_has_a_column_for_each_contestant():
    page = write_decision(decided(HEALTHY), BETTER, IMAGES, {}, {}, {})
    assert "<h1>Challenger run: promoted</h1>" in page
    assert "Decided 2026-03-01T00:00:00+00:00, attempt 4, against version 3." in page
    assert '<th scope="col">challenger</th><th scope="col">champion</th>' in page
    assert '<th scope="row">kernel distance</th><td class="number">0.5 ± 0.1</td><td class="number">1 ± 0.1</td>' in page
    assert '<th scope="row">distance to the nearest training image</th><td class="number">0.2</td><td class="number">0.2</td>' in page
    alone = trial(contestant((0.4, 0.5, 0.6)))
    page = write_decision(decided(HEALTHY, alone, reason(champion=None)), alone, IMAGES, {}, {}, {})
    assert "against no champion" in page
    assert '<th scope="col">champion</th>' not in page
