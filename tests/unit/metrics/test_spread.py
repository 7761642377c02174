"""Spread over seeds, and Welch's test."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ganflow.metrics.spread import compare, summarise

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=8).map(np.array)


def test_summary_by_hand():
    # deviations -2, 0, 2: squares sum to 8, over 2 is 4
    assert summarise(np.array([1.0, 3.0, 5.0])) == {"num": 3, "mean": 3.0, "standard_deviation": 2.0, "minimum": 1.0, "maximum": 5.0}


def test_one_value_has_no_deviation_and_none_has_nothing():
    assert math.isnan(summarise(np.array([2.0]))["standard_deviation"])
    nothing = summarise(np.array([]))
    assert nothing.pop("num") == 0
    assert all(map(math.isnan, nothing.values()))


@given(VALUES, VALUES)
def test_the_comparison_is_scipys_welch_test(values, others):
    assume(min(np.std(values), np.std(others)) > 1e-3)
    found = compare(values, others)
    test = stats.ttest_ind(others, values, equal_var=False)
    interval = test.confidence_interval(0.95)
    expected = [np.mean(others) - np.mean(values), interval.low, interval.high, test.pvalue]
    np.testing.assert_allclose([found[name] for name in ("difference", "low", "high", "p_value")], expected, rtol=1e-6, atol=1e-9)


@given(VALUES, VALUES)
def test_turned_round_the_difference_changes_its_sign_and_nothing_else(values, others):
    one, other = compare(values, others), compare(others, values)
    np.testing.assert_allclose(
        [one["difference"], one["low"], one["p_value"]], [-other["difference"], -other["high"], other["p_value"]], atol=1e-9
    )


def test_too_few_or_equal_values_have_a_difference_but_no_test():
    for values, others in (([1.0], [2.0, 3.0]), ([1.0, 1.0], [2.5, 2.5])):
        found = compare(np.array(values), np.array(others))
        assert found["difference"] == 1.5
        assert all(math.isnan(found[name]) for name in ("low", "high", "p_value"))
    assert all(map(math.isnan, compare(np.array([]), np.array([1.0])).values()))
