"""The kernel distance against hand arithmetic, exact enumeration and the spread over repeated draws."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import polynomial_kernel
from threadpoolctl import threadpool_limits

from ganflow.errors import DataError
from ganflow.metrics import kernel
from ganflow.metrics.kernel import kernel_distance

# no deadline: the machine may be busy with something else
LAW = settings(max_examples=50)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For arrays this small threads only wait for each other, on a busy machine for long."""
    with threadpool_limits(1):
        yield


def column(*values):
    return np.array(values, dtype=float)[:, np.newaxis]


def test_value_by_hand_in_one_dimension():
    # (xy + 1)³ is 1 if x or y is 0. Six pairs of a: 1 four times for 0·1, 1 for 0·0, 2³ = 8 for 1·1, mean 13/6. Pairs of b: all 1.
    # Sixteen pairs between: 1 fourteen times, 3³ = 27 for 1·2 twice, mean 68/16 = 17/4. Together 13/6 + 1 - 17/2 = -16/3.
    assert kernel_distance(column(0, 0, 1, 1), column(0, 0, 0, 2)).value == pytest.approx(-16 / 3, abs=1e-12)


def test_product_is_divided_by_the_number_of_dimensions():
    # 2/2 + 1 = 2 within a, cubed 8; within b and between 1: 8 + 1 - 2. Nothing varies, so the error is 0.
    distance = kernel_distance(np.ones((5, 2)), np.zeros((4, 2)))
    assert distance.value == pytest.approx(7, abs=1e-12)
    assert distance.standard_error == pytest.approx(0, abs=1e-7)


def test_standard_error_by_hand_where_only_interactions_are_left():
    a, b = column(-1, -1, 1, 1), column(-1, -1, -1, 1, 1, 1)
    # (xy + 1)³ is 8 for equal signs and 0 otherwise. Every row sum is the same, so no sample has an effect of its own; the interactions:
    # within a, rows of one 8:      (4·64 - 2·(4·8²)/2 + 32²/(3·2)) / (4·1) = 128/3
    # within b, rows of two 8s:     (12·64 - 2·(6·16²)/4 + 96²/(5·4)) / (6·3) = 25.6
    # between, 12 of 24 pairs equal: (12·64 - 4·24²/6 - 6·16²/4 + 96²/24) / (3·5) = 25.6
    variance = 2 * (128 / 3) / (4 * 3) + 2 * 25.6 / (6 * 5) + 4 * 25.6 / (4 * 6)
    assert kernel_distance(a, b).standard_error == pytest.approx(np.sqrt(variance), abs=1e-9)


def test_estimate_is_unbiased_and_its_variance_not_underestimated_over_every_possible_draw():
    # All 2⁴ × 2⁴ equally likely draws of four samples from {0, 1} and four from {0, 2}.
    draws = [
        kernel_distance(column(*a), column(*b))
        for a, b in itertools.product(itertools.product((0, 1), repeat=4), itertools.product((0, 2), repeat=4))
    ]
    values = np.array([draw.value for draw in draws])
    # Expected kernels: a with a (1 + 1 + 1 + 8)/4, b with b (1 + 1 + 1 + 125)/4, between (1 + 1 + 1 + 27)/4.
    assert values.mean() == pytest.approx((11 + 128 - 2 * 30) / 4, abs=1e-9)
    assert np.mean([draw.standard_error**2 for draw in draws]) >= values.var()


@pytest.mark.parametrize(("num_a", "num_b"), [(4, 4), (4, 5), (5, 4)])
def test_the_variance_of_far_apart_distributions_is_unbiased_over_every_possible_draw(num_a, num_b):
    # All equally likely draws from {0, 1} and {2, 3}. Every sample has a large effect here, so that no estimate is cut off at 0.
    draws = [
        kernel_distance(column(*a), column(*b))
        for a, b in itertools.product(itertools.product((0, 1), repeat=num_a), itertools.product((2, 3), repeat=num_b))
    ]
    values = np.array([draw.value for draw in draws])
    # Expected kernels: a with a (1 + 1 + 1 + 8)/4, b with b (125 + 343 + 343 + 1000)/4, between (1 + 1 + 27 + 64)/4.
    assert values.mean() == pytest.approx((11 + 1811 - 2 * 93) / 4, abs=1e-9)
    assert np.mean([draw.standard_error**2 for draw in draws]) == pytest.approx(values.var(), rel=1e-9)


def spread(num_a, num_b, shift, num_draws=500):
    """Estimates of N(0, I) against N(shift, I) in two dimensions: values, and root of the mean squared standard error."""
    rng = np.random.default_rng(0)
    draws = [kernel_distance(rng.normal(size=(num_a, 2)), rng.normal(size=(num_b, 2)) + shift) for _ in range(num_draws)]
    return np.array([draw.value for draw in draws]), np.sqrt(np.mean([draw.standard_error**2 for draw in draws]))


@pytest.mark.parametrize(("num_a", "num_b"), [(40, 40), (20, 100), (100, 20)])
def test_standard_error_is_the_spread_over_new_draws_of_different_distributions(num_a, num_b):
    values, standard_error = spread(num_a, num_b, shift=np.array([1.0, 0.5]))
    assert standard_error == pytest.approx(values.std(), rel=0.12)


@pytest.mark.parametrize(("num_a", "num_b"), [(40, 40), (20, 100), (100, 20)])
def test_standard_error_is_at_most_two_fifths_larger_than_the_spread_between_equal_distributions(num_a, num_b):
    values, standard_error = spread(num_a, num_b, shift=0.0)
    assert 1.0 <= standard_error / values.std() <= 1.4


def test_four_times_the_samples_halve_the_error():
    # well separated distributions: 1/√N
    _, few = spread(50, 50, shift=2.0, num_draws=200)
    _, many = spread(200, 200, shift=2.0, num_draws=50)
    assert few / many == pytest.approx(2, rel=0.1)


def test_mean_value_is_the_distance_between_two_gaussians():
    # In one dimension E(xy + 1)³ is a sum over moments, and MMD² = (Δm₃)² + 3 (Δm₂)² + 3 (Δm₁)². For N(0, 1) and N(½, 1):
    # Δm₁ = 0.5, Δm₂ = 0.25, Δm₃ = 0.125 + 1.5 = 1.625, so 2.640625 + 0.1875 + 0.75 = 3.578125.
    rng = np.random.default_rng(0)
    values = [kernel_distance(rng.normal(size=(60, 1)), rng.normal(0.5, size=(90, 1))).value for _ in range(1000)]
    assert np.mean(values) == pytest.approx(3.578125, abs=4 * np.std(values) / np.sqrt(1000))


@LAW
@given(st.integers(0, 2**32 - 1), st.integers(4, 12), st.integers(4, 12), st.integers(1, 5))
def test_value_equals_that_of_the_whole_kernel_matrix(seed, num_a, num_b, dimensions):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(num_a, dimensions)), rng.normal(size=(num_b, dimensions))
    # scikit-learn's polynomial kernel is (x·y / D + 1)³ by default
    within_a, within_b = (polynomial_kernel(x)[~np.eye(len(x), dtype=bool)].mean() for x in (a, b))
    assert kernel_distance(a, b).value == pytest.approx(within_a + within_b - 2 * polynomial_kernel(a, b).mean(), abs=1e-9)


@LAW
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_order_of_sets_and_samples_and_rotation_do_not_matter(seed, dimensions):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(7, dimensions)), rng.normal(1, size=(11, dimensions))
    rotation = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))[0]
    distance = kernel_distance(a, b)
    assert distance.standard_error > 0
    for other in (
        kernel_distance(b, a),
        kernel_distance(rng.permutation(a), rng.permutation(b)),
        kernel_distance(a @ rotation, b @ rotation),
    ):
        assert other.value == pytest.approx(distance.value, rel=1e-7, abs=1e-9)
        assert other.standard_error == pytest.approx(distance.standard_error, rel=1e-6)


def test_blocks_do_not_change_the_result_and_bound_the_memory(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(1500, 2)), rng.normal(size=(1000, 2))
    whole = kernel_distance(a, b)
    monkeypatch.setattr(kernel, "_BLOCK_ELEMENTS", 2**15)
    tracemalloc.start()
    in_blocks = kernel_distance(a, b)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a matrix of 1500 × 1500 float64 takes 18 MB, three blocks of 2¹⁵ 0.8 MB
    assert peak_bytes < 3e6
    assert in_blocks.value == pytest.approx(whole.value, rel=1e-7, abs=1e-9)
    assert in_blocks.standard_error == pytest.approx(whole.standard_error, rel=1e-7)


def test_largest_allowed_features_stay_finite():
    rng = np.random.default_rng(0)
    distance = kernel_distance(9e19 * rng.uniform(size=(8, 3)), 9e19 * rng.uniform(size=(8, 3)))
    assert np.isfinite([distance.value, distance.standard_error]).all()


@pytest.mark.parametrize(
    ("features_a", "features_b", "message"),
    [
        (np.zeros((0, 2)), np.zeros((9, 2)), "at least 4 samples"),
        (np.zeros((9, 2)), np.zeros((1, 2)), "at least 4 samples"),
        (np.zeros((9, 2)), np.zeros((3, 2)), "at least 4 samples"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), "9 of 9 samples"),
        (np.zeros((9, 2)), np.zeros((9, 3)), "2 and 3 dimensions"),
    ],
)
def test_unusable_features_are_refused(features_a, features_b, message):
    with pytest.raises(DataError, match=message):
        kernel_distance(features_a, features_b)
