"""Class histograms: distance between two, and classes reached in one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.errors import DataError
from ganflow.metrics.classes import class_histogram_distance, num_classes_reached

# no deadline: the machine may be busy with something else
LAW = settings(max_examples=50)

LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=20).map(np.array)


def labels_with_counts(*counts):
    return np.repeat(np.arange(len(counts)), counts)


def test_distance_by_hand():
    # shares (½, ½, 0) and (¼, ¼, ½): (¼ + ¼ + ½)/2
    assert class_histogram_distance(np.array([0, 1]), np.array([0, 1, 2, 2]), 3) == pytest.approx(0.5, abs=1e-12)


def test_distance_between_labels_without_a_class_in_common_is_one():
    assert class_histogram_distance(np.array([0, 0, 1]), np.array([2, 3]), 4) == pytest.approx(1, abs=1e-12)


@LAW
@given(LABELS, LABELS, LABELS, st.integers(4, 9))
def test_distance_is_a_metric_on_histograms(a, b, c, num_classes):
    distance = class_histogram_distance(a, b, num_classes)
    assert 0 <= distance <= 1 + 1e-12
    assert distance == class_histogram_distance(b, a, num_classes) == class_histogram_distance(a[::-1], b, num_classes)
    assert distance <= class_histogram_distance(a, c, num_classes) + class_histogram_distance(c, b, num_classes) + 1e-12
    assert class_histogram_distance(a, np.tile(a, 3), num_classes) == pytest.approx(0, abs=1e-12)


def test_expected_distance_between_samples_of_one_distribution():
    rng = np.random.default_rng(0)
    distances = [class_histogram_distance(rng.integers(10, size=400), rng.integers(10, size=100), 10) for _ in range(500)]
    # √(9 · (1/400 + 1/100) / 2π) = 0.1338
    assert np.mean(distances) == pytest.approx(0.1338, rel=0.03)


def test_a_class_is_reached_from_a_tenth_of_the_uniform_share():
    # 1,000 samples of four classes: a uniform share is 250, a tenth of it 25
    assert num_classes_reached(labels_with_counts(925, 50, 25, 0), 4) == 3
    assert num_classes_reached(labels_with_counts(926, 50, 24, 0), 4) == 2


def test_stray_samples_do_not_make_a_class():
    # 4,000 samples and 0.64 % of errors: all 26 in the missing class stay under a tenth of 400
    counts = [442] * 8 + [438, 26]
    assert sum(counts) == 4000
    assert num_classes_reached(labels_with_counts(*counts), 10) == 9


def test_share_can_be_chosen():
    labels = labels_with_counts(90, 9, 1, 0)
    # uniform share 25
    assert [num_classes_reached(labels, 4, share) for share in (0.0, 0.04, 0.05, 0.36, 0.37, 1.0)] == [3, 3, 2, 2, 1, 1]


def test_uniform_labels_reach_every_class_even_with_the_strictest_share():
    assert num_classes_reached(labels_with_counts(*[3] * 10), 10, minimum_share=1.0) == 10


def test_a_class_without_samples_is_never_reached():
    # three samples of 1,000 classes: a tenth of a uniform share is far below one sample
    assert num_classes_reached(np.array([5, 5, 999]), 1000) == 2


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [
        (np.array([], dtype=int), 3, "at least one whole number"),
        (np.array([[0, 1]]), 3, r"shape \(1, 2\)"),
        (np.array([0.0, 1.0]), 3, r"float64.*one row\. Take the argmax of the classifier's logits over the last axis\.$"),
        (np.array([0, 3]), 3, r"from 0 to 3, expected 0 to 2 for 3 classes\. Change num_classes, or use the classifier of this data"),
        (np.array([-1, 2]), 3, "from -1 to 2, expected 0 to 2"),
        (np.array([0]), 0, "for 0 classes"),
    ],
)
def test_unusable_labels_are_refused(labels, num_classes, message):
    with pytest.raises(DataError, match=message):
        class_histogram_distance(np.array([0]), labels, num_classes)
    with pytest.raises(DataError, match=message):
        num_classes_reached(labels, num_classes)


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_unusable_shares_are_refused(share):
    with pytest.raises(DataError, match=r"minimum share of .* expected 0 to 1"):
        num_classes_reached(np.array([0]), 1, share)
