"""How far a number spreads over seeds, and whether two recipes differ by more than that."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats


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
    # scipy.stats.ttest_ind does the same, but warns where one side does not spread
    sides = (values, others)
    variances = [float(np.var(side, ddof=1)) / len(side) if len(side) > 1 else math.nan for side in sides]
    error = math.sqrt(sum(variances))
    if not error**4 > 0:
        return difference | dict.fromkeys(("low", "high", "p_value"), math.nan)
    degrees = error**4 / sum(variance**2 / (len(side) - 1) for variance, side in zip(variances, sides, strict=True))
    half = error * stats.t.ppf((1 + confidence) / 2, degrees)
    mean = difference["difference"]
    p_value = 2 * stats.t.sf(abs(mean) / error, degrees)
    return difference | {"low": float(mean - half), "high": float(mean + half), "p_value": float(p_value)}
