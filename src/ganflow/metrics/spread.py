"""How far a number spreads over seeds, and whether two recipes differ by more than that."""

from __future__ import annotations

import math
import warnings

import numpy as np
import scipy  # loads its parts when they are used


def summarise(values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation over seeds, and range.

    Args:
        values: (N,), one for each seed.

    Returns:
        `num`, `mean`, `standard_deviation` (divided by N - 1; NaN below two values), `minimum`, `maximum`; NaN without any.
    """
    if not len(values):
        return {"num": 0} | dict.fromkeys(("mean", "standard_deviation", "minimum", "maximum"), math.nan)
    return {
        "num": len(values),
        "mean": float(np.mean(values)),
        "standard_deviation": float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        "minimum": float(np.min(values)),
        "maximum": float(np.max(values)),
    }


def compare(values: np.ndarray, others: np.ndarray, confidence: float = 0.95) -> dict[str, float]:
    """Difference of two means, with its interval and the p-value of Welch's test, which does not take both spreads to be equal.

    The p-value is of one comparison: of twenty without any difference, one is expected to be below 0.05.

    Args:
        values: (N,), one for each seed of a recipe.
        others: (M,), of another recipe.
        confidence: of the interval, above 0 and below 1.

    Returns:
        `difference` (others - values), `low` and `high`, `p_value`; all but the difference NaN below two values on either side, or where
        neither side spreads.

    Source: Welch, The generalization of Student's problem, Biometrika 34, 1947.
    """
    if not len(values) or not len(others):
        return dict.fromkeys(("difference", "low", "high", "p_value"), math.nan)
    difference = {"difference": float(np.mean(others) - np.mean(values))}
    if not _have_spread(values, others):
        return difference | dict.fromkeys(("low", "high", "p_value"), math.nan)
    with warnings.catch_warnings():
        # it warns where a side spreads by no more than rounding does
        warnings.simplefilter("ignore", RuntimeWarning)
        test = scipy.stats.ttest_ind(others, values, equal_var=False)
    interval = test.confidence_interval(confidence)
    return difference | {"low": float(interval.low), "high": float(interval.high), "p_value": float(test.pvalue)}


def _have_spread(values: np.ndarray, others: np.ndarray) -> bool:
    """Whether Welch's test has a number of degrees of freedom, which divides by the square of the means' variance."""
    if min(len(values), len(others)) < 2:
        return False
    variance = float(np.var(values, ddof=1)) / len(values) + float(np.var(others, ddof=1)) / len(others)
    return variance**2 > 0
