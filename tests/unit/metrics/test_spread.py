"""Spread over seeds, and Welch's test."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from ganflow.metrics.spread import compare, summarise

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=8).map(np.array)


def test_summary_by_hand():
    # deviations -1, -1, -1, 3: squares sum to 12, over 3 is 4
    summary = summarise(np.array([1.0, 1.0, 1.0, 5.0]))
    assert summary == {"num": 4, "mean": 2.0, "standard_deviation": 2.0, "minimum": 1.0, "maximum": 5.0}
    # JSON and YAML know no others
    assert [type(value) for value in summary.values()] == [int, float, float, float, float]


def test_one_value_has_no_deviation_and_none_has_nothing():
    assert str(summarise(np.array([2.0]))) == "{'num': 1, 'mean': 2.0, 'standard_deviation': nan, 'minimum': 2.0, 'maximum': 2.0}"
    assert str(summarise(np.array([]))) == "{'num': 0, 'mean': nan, 'standard_deviation': nan, 'minimum': nan, 'maximum': nan}"


def test_two_values_have_a_deviation():
    # deviations -1, 1: squares sum to 2, over 1
    assert summarise(np.array([1.0, 3.0]))["standard_deviation"] == pytest.approx(math.sqrt(2), abs=1e-12)


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


@given(st.integers(-70, 70))
def test_the_unit_of_the_values_changes_the_interval_and_not_the_p_value(exponent):
    values, others, unit = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0]), 10.0**exponent
    one, scaled = compare(values, others), compare(unit * values, unit * others)
    expected = [unit * one["difference"], unit * one["low"], unit * one["high"], one["p_value"]]
    assert list(scaled.values()) == pytest.approx(expected, rel=1e-9, abs=0)
    assert {type(value) for value in scaled.values()} == {float}


def test_a_spread_whose_square_is_too_small_for_a_number_is_none():
    # the variance of {0, 1e-90} is 5e-181, and its square 2.5e-361; float64 ends at 5e-324
    found = compare(np.array([0.0, 1e-90]), np.array([1.0, 1.0]))
    assert str(found) == "{'difference': 1.0, 'low': nan, 'high': nan, 'p_value': nan}"


def test_too_few_or_equal_values_have_a_difference_but_no_test():
    for values, others in (([1.0], [2.0, 3.0]), ([1.0, 1.0], [2.5, 2.5])):
        assert str(compare(np.array(values), np.array(others))) == "{'difference': 1.5, 'low': nan, 'high': nan, 'p_value': nan}"
    for values, others in (([], [1.0]), ([1.0], [])):
        assert str(compare(np.array(values), np.array(others))) == "{'difference': nan, 'low': nan, 'high': nan, 'p_value': nan}"
