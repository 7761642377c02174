"""Precision, recall, density and coverage against hand arithmetic, brute force and the expectation between equal distributions."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from ganflow.errors import DataError
from ganflow.metrics import neighbours
from ganflow.metrics.neighbours import ManifoldScores, manifold_scores

# no deadline: the machine may be busy with something else
LAW = settings(max_examples=50)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """For arrays this small threads only wait for each other, on a busy machine for long."""
    with threadpool_limits(1):
        yield


def column(*values):
    return np.array(values, dtype=float)[:, np.newaxis]


def scores_array(scores):
    return np.array([scores.precision, scores.recall, scores.density, scores.coverage])


REAL, GENERATED = column(-5, 0, 1, 3, 7), column(2, 4.5, 20)


def test_one_neighbour_by_hand():
    # Real balls: -5 ± 5, 0 ± 1, 1 ± 1, 3 ± 2, 7 ± 4. Around 2: [0, 2] (on its surface) and [1, 5]. Around 4.5: [1, 5] and [3, 11].
    # Around 20: none. Precision 2/3, density (2 + 2 + 0)/3, coverage 3/5 (the balls of 1, 3 and 7).
    # Generated balls: 2 ± 2.5, 4.5 ± 2.5, 20 ± 15.5 hold 0, 1, 3 and 7, not -5: recall 4/5.
    expected = ManifoldScores(precision=2 / 3, recall=4 / 5, density=4 / 3, coverage=3 / 5)
    assert scores_array(manifold_scores(REAL, GENERATED, 1)) == pytest.approx(scores_array(expected), abs=1e-12)


def test_two_neighbours_by_hand():
    # Real balls: -5 ± 6, 0 ± 3, 1 ± 2, 3 ± 3, 7 ± 6. Around 2: all but the first. Around 4.5: [0, 6] and [1, 13]. Around 20: none.
    # Precision 2/3, density (4 + 2 + 0)/(2 · 3), coverage 4/5. The ball 2 ± 18 holds every real sample: recall 1.
    expected = ManifoldScores(precision=2 / 3, recall=1, density=1, coverage=4 / 5)
    assert scores_array(manifold_scores(REAL, GENERATED, 2)) == pytest.approx(scores_array(expected), abs=1e-12)


def test_surface_of_a_ball_belongs_to_it():
    # Real balls: 0 ± 1, 1 ± 1 (2 on its surface), 10 ± 9. Generated balls: 2 ± 1 (1 on its surface), 3 ± 1.
    # Precision 1, density (2 + 1)/2, coverage 2/3, recall 1/3.
    expected = ManifoldScores(precision=1, recall=1 / 3, density=3 / 2, coverage=2 / 3)
    assert scores_array(manifold_scores(column(0, 1, 10), column(2, 3), 1)) == pytest.approx(scores_array(expected), abs=1e-12)


def test_copies_of_the_real_samples_are_as_good_as_can_be():
    real = column(0, 1, 3, 7)
    # every ball holds its centre and one neighbour: density 2 · 4 / (1 · 4)
    assert manifold_scores(real, real.copy(), 1) == ManifoldScores(precision=1, recall=1, density=2, coverage=1)


def test_samples_far_away_score_zero():
    assert manifold_scores(REAL, GENERATED + 1000, 1) == ManifoldScores(precision=0, recall=0, density=0, coverage=0)


def test_samples_fallen_onto_one_point_are_precise_and_nothing_else():
    real = np.random.default_rng(0).normal(size=(200, 2))
    scores = manifold_scores(real, np.zeros((50, 2)))
    assert (scores.precision, scores.recall) == (1, 0)
    assert scores.coverage < 0.2


def brute_force(real, generated, k):
    """The definitions of the papers, sample by sample."""
    real_radii = [np.sort(np.delete(cdist(real[[i]], real)[0], i))[k - 1] for i in range(len(real))]
    generated_radii = [np.sort(np.delete(cdist(generated[[j]], generated)[0], j))[k - 1] for j in range(len(generated))]
    distances = cdist(real, generated)
    in_real = [[distances[i, j] <= real_radii[i] for i in range(len(real))] for j in range(len(generated))]
    in_generated = [[distances[i, j] <= generated_radii[j] for j in range(len(generated))] for i in range(len(real))]
    covered = [any(balls[i] for balls in in_real) for i in range(len(real))]
    return [
        np.mean([any(balls) for balls in in_real]),
        np.mean([any(balls) for balls in in_generated]),
        np.sum(in_real) / (k * len(generated)),
        np.mean(covered),
    ]


@LAW
@given(st.integers(0, 2**32 - 1), st.integers(5, 14), st.integers(5, 14), st.integers(1, 4), st.integers(1, 4))
def test_scores_equal_brute_force(seed, num_real, num_generated, dimensions, k):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(num_real, dimensions)), rng.normal(0.5, 1.5, size=(num_generated, dimensions))
    assert scores_array(manifold_scores(real, generated, k)) == pytest.approx(brute_force(real, generated, k), abs=1e-12)


def test_expectation_between_equal_distributions():
    num_real, num_generated, k = 30, 45, 3
    rng = np.random.default_rng(0)
    draws = np.array(
        [scores_array(manifold_scores(rng.normal(size=(num_real, 2)), rng.normal(size=(num_generated, 2)), k)) for _ in range(400)]
    )
    # Sorted by distance to a real sample, the 29 other real and the 45 generated ones come in any order with equal chance. Its ball is
    # missed if the nearest 3 are all real: 29/74 · 28/73 · 27/72. It holds a given generated sample if fewer than 3 of 29 are nearer: 3/30.
    expected_coverage = 1 - (29 / 74) * (28 / 73) * (27 / 72)
    expected_density = (3 / 30) * num_real / k
    errors = draws.std(axis=0) / np.sqrt(len(draws))
    assert draws[:, 2].mean() == pytest.approx(expected_density, abs=4 * errors[2])
    assert draws[:, 3].mean() == pytest.approx(expected_coverage, abs=4 * errors[3])
    # the bands are narrow enough to tell 3 neighbours from 2 or 4
    assert errors[2] < 0.02
    assert errors[3] < 0.004


@LAW
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_order_of_samples_and_movements_do_not_matter(seed, factor):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(20, 3)), rng.normal(0.5, size=(15, 3))
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    scores = scores_array(manifold_scores(real, generated, 2))
    np.testing.assert_allclose(scores_array(manifold_scores(rng.permutation(real), rng.permutation(generated), 2)), scores)
    np.testing.assert_allclose(scores_array(manifold_scores(factor * real @ rotation + 1, factor * generated @ rotation + 1, 2)), scores)


@LAW
@given(st.integers(0, 2**32 - 1))
def test_recall_is_the_precision_of_exchanged_sets(seed):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(20, 2)), rng.normal(1, 2, size=(15, 2))
    assert manifold_scores(real, generated, 2).recall == manifold_scores(generated, real, 2).precision


def test_five_neighbours_are_the_default():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    assert manifold_scores(real, generated) == manifold_scores(real, generated, 5)
    assert manifold_scores(real, generated) != manifold_scores(real, generated, 4)
    assert manifold_scores(real, generated) != manifold_scores(real, generated, 6)


def test_chunks_do_not_change_the_scores_and_bound_the_memory(monkeypatch):
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(1200, 4)), rng.normal(0.5, 1.5, size=(900, 4))
    whole = manifold_scores(real, generated)
    # 16 KiB hold one sample's distances to 1,200 real ones; all distances take 8.6 MB
    monkeypatch.setattr(neighbours, "_WORKING_MEMORY_MIB", 1 / 64)
    tracemalloc.start()
    in_chunks = manifold_scores(real, generated)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert in_chunks == whole
    assert peak_bytes < 2e6


@pytest.mark.parametrize(
    ("num_real", "num_generated", "num_neighbours"),
    [(5, 9, 5), (9, 5, 5), (9, 9, 0), (9, 9, -1)],
)
def test_neighbours_that_do_not_fit_the_samples_are_refused(num_real, num_generated, num_neighbours):
    message = (
        f"Got {num_neighbours} neighbours and a smaller set of {min(num_real, num_generated)} samples, expected at least 1 neighbour "
        "and more samples than neighbours. Give more samples, or change the number of neighbours."
    )
    with pytest.raises(DataError, match=message):
        manifold_scores(np.zeros((num_real, 2)), np.zeros((num_generated, 2)), num_neighbours)


@pytest.mark.parametrize(
    ("real", "generated", "message"),
    [
        (np.zeros((0, 2)), np.zeros((9, 2)), "at least 2 samples"),
        (np.zeros((9, 2)), np.zeros((1, 2)), "at least 2 samples"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), "9 of 9 samples"),
        (np.zeros((9, 2)), np.zeros((9, 3)), "2 and 3 dimensions"),
    ],
)
def test_unusable_features_are_refused(real, generated, message):
    with pytest.raises(DataError, match=message):
        manifold_scores(real, generated)


@pytest.mark.longer(twin="tests/unit/metrics/test_neighbours.py::test_expectation_between_equal_distributions")
def test_the_published_check_of_density_and_coverage() -> None:
    # arXiv:2002.09797 gives .477, .471, 1.056 and .974 for one draw; over three of ours they spread by ± .02, .01, .08 and .01
    random = np.random.default_rng(2)
    real, generated = random.standard_normal((2, 10_000, 1000), dtype=np.float32)
    scores = manifold_scores(real, generated, 5)
    assert scores.precision == pytest.approx(0.477, abs=0.04)
    assert scores.recall == pytest.approx(0.471, abs=0.03)
    assert scores.density == pytest.approx(1.056, abs=0.16)
    assert scores.coverage == pytest.approx(0.974, abs=0.03)
