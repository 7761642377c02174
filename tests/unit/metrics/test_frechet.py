"""The Fréchet distance against closed forms and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.errors import DataError
from ganflow.metrics.features import checked_pair
from ganflow.metrics.frechet import FeatureStatistics, feature_statistics, frechet_distance, frechet_distance_from_statistics

SEEDS = st.integers(0, 2**32 - 1)

# no deadline: the machine may be busy with something else
LAW = settings(max_examples=50)


def gaussian(mean, covariance):
    return FeatureStatistics(np.asarray(mean, dtype=float), np.asarray(covariance, dtype=float))


def random_features(rng, num_samples, dimensions):
    """Correlated, of unequal scales and off the origin."""
    return rng.normal(size=(num_samples, dimensions)) @ rng.normal(size=(dimensions, dimensions)) + rng.normal(size=dimensions)


def random_rotation(rng, dimensions):
    return np.linalg.qr(rng.normal(size=(dimensions, dimensions)))[0]


def test_statistics_by_hand():
    statistics = feature_statistics(np.array([[0, 0], [2, 4]]))
    # deviations from (1, 2) are ±(1, 2); sums of products (2, 4, 8) are divided by 2 - 1
    np.testing.assert_array_equal(statistics.mean, [1, 2])
    np.testing.assert_array_equal(statistics.covariance, [[2, 4], [4, 8]])


def test_statistics_of_half_precision_features_are_computed_in_float64():
    statistics = feature_statistics(np.array([[30_000], [-30_000]], dtype=np.float16))
    # 2 × 29,984² or 2 × 30,000², whichever float16 holds: far beyond its largest number, 65,504
    held = float(np.float16(30_000))
    assert statistics.mean.dtype == statistics.covariance.dtype == np.float64
    np.testing.assert_allclose(statistics.covariance, [[2 * held**2]], rtol=1e-12)


def test_one_dimension_by_hand():
    # means 1 and 2, variances 2 and 8: (2 - 1)² + (√8 - √2)² = 1 + 2
    assert frechet_distance(np.array([[0], [2]]), np.array([[0], [4]])) == pytest.approx(3, abs=1e-12)


def test_diagonal_covariances():
    a, b = gaussian([1, 2], np.diag([4, 9])), gaussian([3, -1], np.diag([1, 16]))
    # shift (2, -3): 4 + 9; standard deviations 2 → 1 and 3 → 4: 1 + 1
    assert frechet_distance_from_statistics(a, b) == pytest.approx(15, abs=1e-12)


def test_covariances_that_do_not_commute():
    covariance_a, covariance_b = [[2, 1], [1, 2]], [[1, 0], [0, 4]]
    # For 2 × 2, tr M^½ = √(tr M + 2 √det M), and (A^½ B A^½) has the trace of AB = [[2, 4], [1, 8]], 10, and its determinant, 3 · 4 = 12.
    expected = 4 + 5 - 2 * np.sqrt(10 + 2 * np.sqrt(12))
    assert frechet_distance_from_statistics(gaussian([0, 0], covariance_a), gaussian([0, 0], covariance_b)) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(
    ("covariance_a", "covariance_b", "expected"),
    [
        # spread along different axes: nothing is shared, 4 + 9
        (np.diag([4.0, 0.0]), np.diag([0.0, 9.0]), 13),
        # no spread at all: 4
        (np.diag([4.0, 0.0]), np.zeros((2, 2)), 4),
        # both along (1, 1), with variances 2 and 8: (√8 - √2)²
        (np.ones((2, 2)), 4 * np.ones((2, 2)), 2),
    ],
)
def test_singular_covariances(covariance_a, covariance_b, expected):
    distance = frechet_distance_from_statistics(gaussian([0, 0], covariance_a), gaussian([0, 0], covariance_b))
    assert distance == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_eigenvalue_below_zero_by_rounding_is_allowed(scale):
    # a hundred-millionth of the largest
    other = gaussian([0, 0], scale * np.diag([4, 0]))
    # (2 - 1)², less the eigenvalue below zero
    distance = frechet_distance_from_statistics(gaussian([0, 0], scale * np.diag([1, -0.9e-8])), other)
    assert distance == pytest.approx(scale, rel=2e-8)
    with pytest.raises(DataError, match="eigenvalue -.*expected none below zero"):
        frechet_distance_from_statistics(gaussian([0, 0], scale * np.diag([1, -1.1e-8])), other)


@LAW
@given(SEEDS, st.integers(2, 12), st.integers(1, 8))
def test_distance_to_itself_is_zero(seed, num_samples, dimensions):
    features = random_features(np.random.default_rng(seed), num_samples, dimensions)
    scale = np.trace(feature_statistics(features).covariance)
    # also with fewer samples than dimensions; rounding only, where the square root of a computed eigenvalue would leave 1e-8
    assert 0 <= frechet_distance(features, features) <= 1e-12 * scale


@LAW
@given(SEEDS, st.integers(2, 12), st.integers(1, 8))
def test_translation_adds_the_squared_shift(seed, num_samples, dimensions):
    rng = np.random.default_rng(seed)
    features, shift = random_features(rng, num_samples, dimensions), rng.normal(size=dimensions)
    assert frechet_distance(features, features + shift) == pytest.approx(np.sum(shift**2), abs=1e-8)


@LAW
@given(SEEDS, st.floats(0.01, 100))
def test_scaling_features_scales_the_distance_by_the_square(seed, factor):
    rng = np.random.default_rng(seed)
    a, b = random_features(rng, 20, 3), random_features(rng, 30, 3)
    assert frechet_distance(factor * a, factor * b) == pytest.approx(factor**2 * frechet_distance(a, b), rel=1e-8)


@LAW
@given(SEEDS, st.integers(1, 6))
def test_order_of_sets_and_samples_and_rotation_do_not_matter(seed, dimensions):
    rng = np.random.default_rng(seed)
    a, b = random_features(rng, 9, dimensions), random_features(rng, 14, dimensions)
    rotation = random_rotation(rng, dimensions)
    distance = frechet_distance(a, b)
    assert distance > 0
    assert frechet_distance(b, a) == pytest.approx(distance, rel=1e-8)
    assert frechet_distance(rng.permutation(a), rng.permutation(b)) == pytest.approx(distance, rel=1e-8)
    assert frechet_distance(a @ rotation, b @ rotation) == pytest.approx(distance, rel=1e-8)


@LAW
@given(SEEDS)
def test_roots_obey_the_triangle_inequality(seed):
    rng = np.random.default_rng(seed)
    a, b, c = (random_features(rng, 6, 3) for _ in range(3))
    assert np.sqrt(frechet_distance(a, c)) <= np.sqrt(frechet_distance(a, b)) + np.sqrt(frechet_distance(b, c)) + 1e-9


@pytest.mark.parametrize("features", [np.zeros((0, 3)), np.zeros((1, 3)), np.zeros((5, 0)), np.zeros(5), np.zeros((5, 2, 2))])
def test_wrong_shapes_are_refused(features):
    with pytest.raises(DataError, match=r"shape .*\(samples, dimensions\) with at least 2 samples and one dimension\. Flatten"):
        feature_statistics(features)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20, -1e20])
def test_unusable_numbers_are_counted_and_refused(value):
    features = np.zeros((5, 2))
    features[1] = features[3, 0] = value
    with pytest.raises(DataError, match=r"in 2 of 5 samples.*earlier checkpoint"):
        frechet_distance(np.zeros((5, 2)), features)


def test_unequal_dimensions_are_refused():
    with pytest.raises(DataError, match="3 and 4 dimensions"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(DataError, match="3 and 4 dimensions"):
        checked_pair(np.zeros((5, 3)), np.zeros((5, 4)))


@pytest.mark.parametrize(
    ("mean", "covariance", "message"),
    [
        ([0, 0], np.eye(3), r"\(D, D\), all finite\. Make them with feature_statistics\.$"),
        ([0, np.nan], np.eye(2), r"\(D, D\), all finite"),
        ([0, 0], np.diag([1, np.inf]), r"\(D, D\), all finite"),
        ([0, 0], [[1, 0.5], [0, 1]], "^Got a covariance that differs from its transpose, expected a symmetric one. Make it"),
        ([0, 0], np.diag([1, -1 / 3]), "eigenvalue -0.333333, expected none below zero"),
        ([0, 0], np.diag([-1, -1]), "eigenvalue -1, expected none below zero"),
    ],
)
def test_statistics_that_no_features_have_are_refused(mean, covariance, message):
    with pytest.raises(DataError, match=message):
        frechet_distance_from_statistics(gaussian([0, 0], np.eye(2)), gaussian(mean, covariance))
