"""Kernel distance between two sets of features, with the error of its estimate.

On Inception features the distance is called KID. It is usually reported as mean and spread over random subsets. Those subsets overlap,
so their spread divided by the square root of their number shrinks to zero as more are drawn, while the samples stay the same: it
measures the drawing, not the samples. Here every pair of samples is used once, which is the unbiased estimate of least variance, and its
standard error follows from the variance formula of such an estimate.

Write the kernel between two samples as overall mean + effect of the first + effect of the second + interaction. Averaged over pairs,
these parts are uncorrelated, and each has an unbiased estimate from row sums, column sums and the sum of squares of the kernel matrix:

    variance = 4 Var(effect in aa - effect in ab) / N + 4 Var(effect in bb - effect in ab) / M           (effects)
             + 2 S_aa / (N (N - 1)) + 2 S_bb / (M (M - 1)) + 4 S_ab / (N M)                              (interactions)

where S is the mean squared interaction. Between equal distributions the effects cancel and only the second line is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.metrics.features import checked_pair

# The unbiased interaction estimate divides by N - 3.
_MINIMUM_SAMPLES = 4

# A block of the kernel matrix takes 32 MiB; three are alive at a time.
_BLOCK_ELEMENTS = 4 * 2**20


@dataclass(frozen=True)
class KernelDistance:
    """An unbiased estimate and its error.

    Attributes:
        value: squared maximum mean discrepancy. Unbiased, hence below 0 about half the time between equal distributions.
        standard_error: standard deviation of `value` over new draws of both sets, same unit, 0 or more.
    """

    value: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class _KernelMoments:
    """What the estimate needs to know of a kernel matrix: row sums (N,), column sums (M,), sum of squares, entries that count."""

    row_sums: np.ndarray
    column_sums: np.ndarray
    sum_of_squares: float
    num_pairs: int

    @property
    def total(self) -> float:
        return float(self.row_sums.sum())

    @property
    def mean(self) -> float:
        return self.total / self.num_pairs


def kernel_distance(features_a: np.ndarray, features_b: np.ndarray) -> KernelDistance:
    """Unbiased squared maximum mean discrepancy (MMD²) under the kernel (x·y / D + 1)³.

    Takes all samples of both sets; memory does not grow with N × M.

    Args:
        features_a: (N, D), any real type, N at least 4.
        features_b: (M, D), M at least 4; M may differ from N.

    Returns:
        Estimate and standard error, see `KernelDistance`.

    Raises:
        DataError: if a set has fewer than four samples or a number that is not finite, or if the dimensions differ.

    Source: arXiv:1801.01401, section 4; variance: Serfling, Approximation Theorems of Mathematical Statistics, 1980, section 5.2,
        and for MMD² arXiv:1906.02104.
    """
    a, b = checked_pair(features_a, features_b, _MINIMUM_SAMPLES)
    within_a, within_b, between = _moments_within(a), _moments_within(b), _moments(a, b)
    value = within_a.mean + within_b.mean - 2 * between.mean
    return KernelDistance(value=value, standard_error=float(np.sqrt(_variance(within_a, within_b, between))))


def _variance(within_a: _KernelMoments, within_b: _KernelMoments, between: _KernelMoments) -> float:
    """Variance of the estimate over new draws of both sets; see the top of this file."""
    num_a, num_b = len(between.row_sums), len(between.column_sums)
    squares_a, squares_b, squares_between = _interaction_within(within_a), _interaction_within(within_b), _interaction_between(between)
    effects_a = _effects_within(within_a) - between.row_sums / num_b
    effects_b = _effects_within(within_b) - between.column_sums / num_a
    # estimated effects are noisy by the interactions they average over: take that share of their variance away
    variance_a = effects_a.var(ddof=1) - squares_a / (num_a - 2) - squares_between / num_b
    variance_b = effects_b.var(ddof=1) - squares_b / (num_b - 2) - squares_between / num_a
    from_effects = 4 * variance_a / num_a + 4 * variance_b / num_b
    from_interactions = 2 * squares_a / within_a.num_pairs + 2 * squares_b / within_b.num_pairs + 4 * squares_between / between.num_pairs
    # Between near-equal distributions the difference can come out negative, which no variance is. Cutting it off makes the standard
    # error there up to a third too large (measured); on average it is not too small.
    return max(from_effects, 0.0) + from_interactions


def _effects_within(within: _KernelMoments) -> np.ndarray:
    """Effect (N,) of each sample on the kernel with another of its set, up to a constant."""
    return within.row_sums / (len(within.row_sums) - 2)


def _interaction_within(within: _KernelMoments) -> float:
    """Mean squared interaction between different samples of one set; unbiased (U-centring, arXiv:1310.2926, section 3)."""
    num = len(within.row_sums)
    row_part = 2 * np.sum(within.row_sums**2) / (num - 2)
    total_part = within.total**2 / ((num - 1) * (num - 2))
    return max(float(within.sum_of_squares - row_part + total_part) / (num * (num - 3)), 0.0)


def _interaction_between(between: _KernelMoments) -> float:
    """Mean squared interaction between samples of two sets; unbiased (residual of a two-way table)."""
    num_a, num_b = len(between.row_sums), len(between.column_sums)
    row_part = np.sum(between.row_sums**2) / num_b
    column_part = np.sum(between.column_sums**2) / num_a
    total_part = between.total**2 / (num_a * num_b)
    return max(float(between.sum_of_squares - row_part - column_part + total_part) / ((num_a - 1) * (num_b - 1)), 0.0)


def _moments_within(features: np.ndarray) -> _KernelMoments:
    """Moments of the (N, N) kernel matrix of one set, without the diagonal, which pairs each sample with itself."""
    full = _moments(features, features)
    diagonal = _cubic(np.einsum("nd,nd->n", features, features) / features.shape[1])
    sums, sum_of_squares = full.row_sums - diagonal, full.sum_of_squares - float(diagonal @ diagonal)
    return _KernelMoments(row_sums=sums, column_sums=sums, sum_of_squares=sum_of_squares, num_pairs=full.num_pairs - len(diagonal))


def _moments(features_a: np.ndarray, features_b: np.ndarray) -> _KernelMoments:
    """Moments of the (N, M) kernel matrix, which is never held as a whole."""
    from sklearn.utils import gen_batches

    row_sums, column_sums, sum_of_squares = np.empty(len(features_a)), np.zeros(len(features_b)), 0.0
    scaled_b = features_b.T / features_b.shape[1]
    for rows in gen_batches(len(features_a), max(1, _BLOCK_ELEMENTS // len(features_b))):
        kernel = _cubic(features_a[rows] @ scaled_b)
        row_sums[rows] = kernel.sum(axis=1)
        column_sums += kernel.sum(axis=0)
        sum_of_squares += float(np.vdot(kernel, kernel))
    num_pairs = len(features_a) * len(features_b)
    return _KernelMoments(row_sums=row_sums, column_sums=column_sums, sum_of_squares=sum_of_squares, num_pairs=num_pairs)


def _cubic(mean_products: np.ndarray) -> np.ndarray:
    """(x·y / D + 1)³ from x·y / D."""
    shifted = mean_products + 1
    # numpy raises to the third power ten times slower than it multiplies twice
    return shifted * shifted * shifted
