"""Fréchet distance between two sets of features: features → statistics → number.

On Inception features the distance is called FID. Estimated from samples it is biased, by an amount that depends on their number and
on the model (arXiv:1911.07023). So compare only numbers made from the same features and equally many samples, and no two that lie
close together; the kernel distance has no such bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # loads its parts when they are used

from ganflow.errors import DataError
from ganflow.metrics.features import check_same_dimensions, checked_features

# Eigenvalues of a covariance may be negative by rounding: by this much, relative to the largest.
_EIGENVALUE_ROUNDING = 1e-8


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """The Gaussian that stands for a set of features.

    Attributes:
        mean: (D,), float64, in feature units.
        covariance: (D, D), float64, symmetric and positive semi-definite, in feature units².
    """

    mean: np.ndarray
    covariance: np.ndarray


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Fréchet distance between the Gaussians fitted to two sets of features.

    Args:
        features_a: (N, D), any real type.
        features_b: (M, D); M may differ from N.

    Returns:
        The squared distance, as is customary: 0 or more, feature-units².

    Raises:
        DataError: if a set has fewer than two samples or a number that is not finite, or if the dimensions differ.

    Source: arXiv:1706.08500, section 4, equation 6.
    """
    return frechet_distance_from_statistics(feature_statistics(features_a), feature_statistics(features_b))


def feature_statistics(features: np.ndarray) -> FeatureStatistics:
    """Sample mean and unbiased sample covariance (divided by N - 1), computed in float64.

    Args:
        features: (N, D), any real type, N at least 2. N may be below D: the covariance is then singular, which is allowed.

    Returns:
        Mean (D,) and covariance (D, D).

    Raises:
        DataError: if there are fewer than two samples, or a number that is not finite.
    """
    checked = checked_features(features)
    return FeatureStatistics(mean=checked.mean(axis=0), covariance=np.atleast_2d(np.cov(checked, rowvar=False)))


def frechet_distance_from_statistics(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """Fréchet distance |μa - μb|² + tr(A + B - 2 (A^½ B A^½)^½) between two Gaussians.

    The last trace equals the sum of the singular values of A^½ B^½. Those come without the square root of a computed eigenvalue, which
    would turn a rounding error of 1e-16 into 1e-8, and they exist for singular A and B, so nothing has to be added to a diagonal.

    Args:
        a: mean (D,) and covariance (D, D).
        b: the same, of equal D.

    Returns:
        The squared distance: 0 or more, feature-units².

    Raises:
        DataError: if the dimensions differ, a number is not finite, or a covariance is not symmetric and positive semi-definite.

    Source: arXiv:1706.08500, section 4, equation 6.
    """
    check_same_dimensions(a.mean.size, b.mean.size)
    shared_spread = scipy.linalg.svdvals(_square_root(a) @ _square_root(b)).sum()
    squared_shift = np.sum((a.mean - b.mean) ** 2)
    distance = squared_shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared_spread
    # for equal statistics the terms cancel, and what rounding leaves may lie below zero
    return max(float(distance), 0.0)


def _square_root(statistics: FeatureStatistics) -> np.ndarray:
    """Symmetric positive semi-definite square root of the covariance, (D, D)."""
    mean, covariance = statistics.mean, statistics.covariance
    if covariance.shape != (mean.size, mean.size) or not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise DataError(
            f"Got a mean of shape {mean.shape} and a covariance of shape {covariance.shape}, expected (D,) and (D, D), all finite. "
            "Make them with feature_statistics."
        )
    if not np.allclose(covariance, covariance.T):
        raise DataError("Got a covariance that differs from its transpose, expected a symmetric one. Make it with feature_statistics.")
    eigenvalues, eigenvectors = scipy.linalg.eigh(covariance)
    if eigenvalues[0] < -_EIGENVALUE_ROUNDING * eigenvalues[-1]:
        raise DataError(f"Got a covariance with eigenvalue {eigenvalues[0]:g}, expected none below zero. Make it with feature_statistics.")
    return (eigenvectors * np.sqrt(eigenvalues.clip(min=0.0))) @ eigenvectors.T
