"""Does the generator make every class, and as often as it should? Labels come from a classifier, which errs."""

from __future__ import annotations

import numpy as np

from ganflow.errors import DataError


def class_histogram_distance(labels_a: np.ndarray, labels_b: np.ndarray, num_classes: int) -> float:
    """Total variation distance between two class histograms: half the sum of the differences of shares.

    It is the share of samples that would have to change class for the histograms to agree. Samples of equal distributions do not score
    0: for N and M samples of C equally frequent classes, about sqrt((C - 1) (1/N + 1/M) / 2π) is expected.

    Args:
        labels_a: (N,), whole numbers from 0 to num_classes - 1.
        labels_b: (M,), likewise; M may differ from N.
        num_classes: number of classes, at least 1.

    Returns:
        0 (equal shares) to 1 (no class in common).

    Raises:
        DataError: if there are no labels, or one is not a class.

    Source: Levin, Peres, Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2.
    """
    counts_a, counts_b = _class_counts(labels_a, num_classes), _class_counts(labels_b, num_classes)
    return float(np.abs(counts_a / counts_a.sum() - counts_b / counts_b.sum()).sum() / 2)


def num_classes_reached(labels: np.ndarray, num_classes: int, minimum_share: float = 0.1) -> int:
    """Number of classes that make up a real part of the samples.

    A class is reached if it holds at least `minimum_share` of what it would hold if all classes were equally frequent, and at least one
    sample. A single sample proves nothing, for the classifier errs: but while it mislabels less than minimum_share / num_classes of all
    samples (1 % for the default and ten classes), its errors alone cannot lift a missing class over the bar.

    Args:
        labels: (N,), whole numbers from 0 to num_classes - 1.
        num_classes: number of classes, at least 1.
        minimum_share: 0 to 1. With 0 any one sample counts, which is how the modes of Stacked-MNIST are counted.

    Returns:
        0 to num_classes.

    Raises:
        DataError: if there are no labels, one is not a class, or the share is not in its range.

    Source: own definition; mode counting as such: arXiv:1611.02163, section 3.3.
    """
    if not 0 <= minimum_share <= 1:
        raise DataError(f"Got a minimum share of {minimum_share}, expected 0 to 1, for example 0.1. Change minimum_share.")
    counts = _class_counts(labels, num_classes)
    # a product compared with a product, so that a class exactly on the bar is not lost to a rounded quotient
    return int(np.count_nonzero((counts > 0) & (counts * num_classes >= minimum_share * counts.sum())))


def agreement(asked: np.ndarray, drawn: np.ndarray, num_classes: int) -> np.ndarray:
    """For each class the share of the samples that were asked to be of it and are, (num_classes,) in [0, 1]; NaN where none was asked for.

    Args:
        asked: (N,), whole numbers from 0 to num_classes - 1.
        drawn: (N,), the classes that a classifier names.
        num_classes: number of classes.
    """
    return np.array([np.mean(drawn[asked == own] == own) if (asked == own).any() else np.nan for own in range(num_classes)])


def _class_counts(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Number of samples (num_classes,) in each class."""
    checked = np.asarray(labels)
    if checked.ndim != 1 or checked.size == 0 or not np.issubdtype(checked.dtype, np.integer):
        raise DataError(
            f"Got labels of shape {checked.shape} and type {checked.dtype}, expected at least one whole number in one row. "
            "Take the argmax of the classifier's logits over the last axis."
        )
    if checked.min() < 0 or checked.max() >= num_classes:
        raise DataError(
            f"Got labels from {checked.min()} to {checked.max()}, expected 0 to {num_classes - 1} for {num_classes} classes. "
            "Change num_classes, or use the classifier of this data set."
        )
    return np.bincount(checked.astype(np.int64), minlength=num_classes)
