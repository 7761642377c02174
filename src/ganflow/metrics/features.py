"""Features that every metric can work with: of one shape and precision, and finite."""

from __future__ import annotations

import numpy as np

from ganflow.errors import DataError

# The kernel distance adds up squares of cubes of products of two features; up to this magnitude they stay inside float64.
LARGEST_FEATURE = 1e20


def checked_features(features: np.ndarray, minimum_samples: int = 2) -> np.ndarray:
    """The features as float64, known to be usable.

    Args:
        features: (N, D), any real type.
        minimum_samples: smallest N that the caller can work with.

    Returns:
        (N, D), float64, finite and below 1e20 in magnitude.

    Raises:
        DataError: if the array is not of rank 2, has too few samples or no dimension, or holds NaN, infinity or huge numbers.
    """
    checked = np.asarray(features, dtype=np.float64)
    if checked.ndim != 2 or checked.shape[0] < minimum_samples or checked.shape[1] < 1:
        raise DataError(
            f"Got features of shape {checked.shape}, expected (samples, dimensions) with at least {minimum_samples} samples and one "
            "dimension. Flatten the features, or give more samples."
        )
    # NaN compares false, so this line rejects it too
    usable = (np.abs(checked) < LARGEST_FEATURE).all(axis=1)
    if not usable.all():
        raise DataError(
            f"Got NaN, infinite or huge features in {np.count_nonzero(~usable)} of {len(checked)} samples, expected numbers below "
            f"{LARGEST_FEATURE:g}. The generator or the feature extractor has diverged: score an earlier checkpoint."
        )
    return checked


def checked_pair(features_a: np.ndarray, features_b: np.ndarray, minimum_samples: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of features as float64, known to be usable and of equal dimension.

    Args:
        features_a: (N, D), any real type.
        features_b: (M, D).
        minimum_samples: smallest N and M that the caller can work with.

    Returns:
        (N, D) and (M, D), float64.

    Raises:
        DataError: if either set is unusable (see `checked_features`), or if the dimensions differ.
    """
    checked_a, checked_b = checked_features(features_a, minimum_samples), checked_features(features_b, minimum_samples)
    check_same_dimensions(checked_a.shape[1], checked_b.shape[1])
    return checked_a, checked_b


def check_same_dimensions(dimensions_a: int, dimensions_b: int) -> None:
    """Raise DataError unless both sets of features have the same number of dimensions."""
    if dimensions_a != dimensions_b:
        raise DataError(f"Got features of {dimensions_a} and {dimensions_b} dimensions, expected equal ones. Use one feature extractor.")
