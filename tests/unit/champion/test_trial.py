"""Generators are scored alike, and equal ones are no reason to promote."""

import pytest
from champions import NOW, reason

from base_parameters import section
from ganflow.champion.decision import decide
from ganflow.champion.trial import Contest
from ganflow.config.retraining import RetrainingParameters
from ganflow.networks import build_pair, instantiate
from ganflow.reporting.pages import write_decision
from ganflow.runtime.hashing import hash_array

PARAMETERS = section(RetrainingParameters, num_draws=3)
RECORD = {"run_id": "run", "sha256": "w"}


@pytest.fixture
def trial(images, extractor, architectures, evaluation_parameters):
    """Function that holds a trial of two generators of random weights."""
    fingerprint = {"sha256": "a", "train_images_sha256": hash_array(images), "num_train": len(images), "class_names": ["even", "odd"]}

    def hold(seeds):
        challenger, holder = (None if seed is None else instantiate(architectures[0], seed=seed) for seed in seeds)
        return Contest(extractor, images[:12], images[12:], 0, fingerprint, PARAMETERS, evaluation_parameters).hold(challenger, holder)

    return hold


def test_both_are_scored_on_the_same_draws(trial):
    held = trial((1, 1))
    assert held["challenger"] == held["champion"]
    assert {len(values) for values in held["challenger"]["scores"].values()} == {3}
    assert len(set(held["challenger"]["scores"]["kernel_distance"])) == 3
    assert trial((1, 2))["champion"] != held["champion"]
    assert "champion" not in trial((1, None))


def test_a_champion_is_asked_for_classes_by_the_numbers_that_it_knows(images, extractor, networks_parameters, evaluation_parameters):
    names = ["even", "odd"]
    fingerprint = {"sha256": "a", "train_images_sha256": hash_array(images), "num_train": len(images), "class_names": names}
    contest = Contest(extractor, images[:12], images[12:], 0, fingerprint, PARAMETERS, evaluation_parameters)
    generator = instantiate(build_pair(networks_parameters, (8, 8, 1), [12, 12])[0], seed=1)
    same, turned, gone = (contest.hold(generator, generator, known)["champion"] for known in (names, names[::-1], ["even", "other"]))
    own = same["asked_class_shares"]
    # of two classes, what is not the one that was asked for is the other
    assert turned["asked_class_shares"]["odd"] == pytest.approx([1 - share for share in own["even"]])
    assert gone["asked_class_shares"] == {"even": own["even"]}
    assert contest.hold(generator, None)["challenger"]["asked_class_shares"] == own


def test_equal_generators_are_no_reason_to_promote(trial):
    diagnosis = {"healthy": False, "findings": [{"name": "mode_collapse", "severity": "serious"}]}
    held = trial((1, 1))
    found = decide(held, diagnosis, RECORD, reason(4), PARAMETERS.gate, NOW)
    passed = {condition["name"]: condition["passed"] for condition in found["conditions"]}
    assert (found["promote"], passed["kernel_distance_improves"], passed["coverage_not_worse"], passed["healthy"]) == (
        False,
        False,
        True,
        False,
    )
    page = write_decision(found, held, {"image_shape": [8, 8, 1]}, {}, {}, {})
    assert "<h1>Challenger run: rejected</h1>" in page
    assert '<th scope="row">kernel distance improves</th><td class="bad-word">no</td>' in page
    assert '<th scope="row">coverage not worse</th><td class="good-word">yes</td>' in page
