"""What came, what went, and whether the new images are different."""

import re

import numpy as np
import pytest
from champions import champion, decision

from base_parameters import section
from ganflow.champion.changes import Images, choose_earlier_run, leave_out_known, weigh
from ganflow.config.extractor import ExtractorParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet
from ganflow.data.splits import image_digests
from ganflow.errors import ConfigurationError
from ganflow.features.extractor import obtain_feature_extractor


def noise(num, seed, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (num, 8, 8, 1), dtype=np.uint8)


OLD = noise(60, 0)


def earlier(train, held_out):
    return {"train": image_digests(train), "held_out": image_digests(held_out)}


def test_what_came_and_went_is_counted():
    # of 40 trained on and 20 held out before, 7 and 3 are gone; 5 and 2 are new
    now = Images(ImageSet(np.concatenate([OLD[7:40], noise(5, 1)])), ImageSet(np.concatenate([OLD[43:], noise(2, 2)])))
    found = now.find_change("run", earlier(OLD[:40], OLD[40:]), {})
    assert found == {"since": "run", "num_added": 7, "num_removed": 7, "drift": None, "drift_standard_error": None}


def test_an_image_that_changed_sides_is_neither_new_nor_gone():
    now = Images(ImageSet(OLD[20:]), ImageSet(OLD[:20]))
    found = now.find_change("run", earlier(OLD[:40], OLD[40:]), {})
    assert (found["num_added"], found["num_removed"]) == (0, 0)


def test_new_images_of_another_kind_drift_and_others_do_not():
    train, held_out = ImageSet(OLD[:40]), ImageSet(OLD[40:])
    extractor = obtain_feature_extractor({}, train, held_out, describe(train, held_out, "npz"), section(ExtractorParameters))
    drifts = {}
    for name, new in (("alike", noise(60, 3)), ("darker", noise(60, 4, high=100))):
        found = Images(ImageSet(np.concatenate([OLD[:40], new])), held_out).find_change("run", earlier(OLD[:40], OLD[40:]), extractor)
        assert found["num_added"] == 60
        drifts[name] = found["drift"] / found["drift_standard_error"]
    assert abs(drifts["alike"]) < 4
    assert drifts["darker"] > 8


def test_an_extractor_of_other_images_measures_no_drift():
    wide = ImageSet(np.random.default_rng(0).integers(0, 256, (30, 16, 8, 1), dtype=np.uint8))
    extractor = obtain_feature_extractor({}, wide, wide, describe(wide, wide, "npz"), section(ExtractorParameters))
    now = Images(ImageSet(np.concatenate([OLD[:40], noise(60, 3)])), ImageSet(OLD[40:]))
    assert now.find_change("run", earlier(OLD[:40], OLD[40:]), extractor)["drift"] is None


@pytest.mark.parametrize(
    ("change", "expected", "words"),
    [
        ({"num_added": 50}, "new_data", "50 images were added and 0 images were removed since run r was trained"),
        ({"num_added": 49}, None, "50 new, 50 removed or a kernel distance above 0.1 would be a reason"),
        ({"num_added": 1}, None, r"1 image was added .* cannot be told with fewer than 20"),
        ({"num_removed": 50}, "data_removed", "50 images were removed since run r was trained; 50 removed ones are a reason"),
        # 0.16 - 2 · 0.02 = 0.12 is above 0.1; 0.16 - 2 · 0.04 = 0.08 is not
        ({"num_added": 20, "drift": 0.16, "drift_standard_error": 0.02}, "data_drift", "0.16 ± 0.02; more than 0.1 is a reason"),
        ({"num_added": 20, "drift": 0.16, "drift_standard_error": 0.04}, None, "0.16 ± 0.04; 50 new"),
    ],
)
def test_a_change_is_a_reason_beyond_the_limits(change, expected, words):
    nothing = {"since": "r", "num_added": 0, "num_removed": 0, "drift": None, "drift_standard_error": None}
    name, why = weigh(nothing | change, section(RetrainingParameters))
    assert name == expected
    assert re.search(words, why), why


def test_without_a_limit_drift_is_no_reason():
    change = {"since": "r", "num_added": 20, "num_removed": 0, "drift": 9.0, "drift_standard_error": 0.1}
    assert weigh(change, section(RetrainingParameters, min_drift=None))[0] is None


def test_changes_count_from_the_newest_challenger_that_was_trained():
    holder = champion()
    assert choose_earlier_run(None, {}) is None
    assert choose_earlier_run(holder, {}) == holder["record"]["run_id"]
    decisions = {name: decision(attempt) | {"run_id": name} for attempt, name in enumerate(["first", "second", "failed"])}
    decisions["failed"]["sha256"] = None
    assert choose_earlier_run(holder, decisions) == "second"


def test_nobody_is_judged_on_what_he_was_trained_on():
    held_out = ImageSet(OLD[:30])
    assert leave_out_known(held_out, None)[1] == 0
    images, num_left_out = leave_out_known(held_out, earlier(OLD[28:], OLD[:28]))
    np.testing.assert_array_equal(images, OLD[:28])
    assert num_left_out == 2
    with pytest.raises(ConfigurationError, match=r"trained on 11 of the 30 images that are held out now, so 19 are left"):
        leave_out_known(held_out, earlier(OLD[19:], OLD[:19]))
