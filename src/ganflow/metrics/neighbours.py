"""Precision, recall, density and coverage: which samples lie within reach of the other set's nearest neighbours.

Each sample spans a ball that reaches to its k-th nearest neighbour in its own set; the balls of a set stand for its manifold.

- precision: share of generated samples inside at least one real ball. Fidelity; one far outlier among the real ones can raise it.
- recall: share of real samples inside at least one generated ball. Diversity; scattered nonsense can raise it.
- density: number of real balls that a generated sample is in, over k, on average. Fidelity, robust to outliers; may exceed 1.
- coverage: share of real balls that hold at least one generated sample. Diversity, robust to outliers.

Between equal distributions of N real and M generated samples, precision and recall have no fixed value, density is 1 in expectation, and
coverage 1 - (N-1)…(N-k) / ((N+M-1)…(N+M-k)): for N = M about 1 - 2⁻ᵏ. Pure noise may score a perfect precision, by falling on one point
inside the real manifold: read the four together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError
from ganflow.metrics.features import checked_pair

# Distances are held for as many generated samples at a time as fit into this.
_WORKING_MEMORY_MIB = 64


@dataclass(frozen=True)
class ManifoldScores:
    """Fidelity (precision, density) and diversity (recall, coverage); higher is better.

    Attributes:
        precision: 0 to 1.
        recall: 0 to 1.
        density: 0 or more; 1 is expected between equal distributions.
        coverage: 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(real_features: np.ndarray, generated_features: np.ndarray, num_neighbours: int = 5) -> ManifoldScores:
    """Precision, recall, density and coverage under the Euclidean distance, in one pass over all pairs.

    A ball includes its surface. Memory does not grow with N × M.

    Args:
        real_features: (N, D), any real type.
        generated_features: (M, D); M may differ from N.
        num_neighbours: k, at least 1 and below N and M. The papers take 3 (precision, recall) and 5 (density, coverage).

    Returns:
        The four scores, see `ManifoldScores`.

    Raises:
        DataError: if k does not fit the number of samples, a number is not finite, or the dimensions differ.

    Source: precision and recall arXiv:1904.06991, section 2; density and coverage arXiv:2002.09797, section 3.
    """
    real, generated = checked_pair(real_features, generated_features)
    smaller_set = min(len(real), len(generated))
    if not 1 <= num_neighbours < smaller_set:
        raise DataError(
            f"Got {num_neighbours} neighbours and a smaller set of {smaller_set} samples, expected at least 1 neighbour and more samples "
            "than neighbours. Give more samples, or change the number of neighbours."
        )
    memberships = _memberships(real, generated, _ball_radii(real, num_neighbours), _ball_radii(generated, num_neighbours))
    return ManifoldScores(
        precision=float(np.mean(memberships.num_real_balls > 0)),
        recall=float(np.mean(memberships.real_is_reached)),
        density=float(np.mean(memberships.num_real_balls) / num_neighbours),
        coverage=float(np.mean(memberships.real_ball_is_hit)),
    )


@dataclass(frozen=True, eq=False)
class _Memberships:
    """Who is in whose ball.

    Attributes:
        num_real_balls: (M,), number of real balls around each generated sample.
        real_ball_is_hit: (N,), whether the ball of each real sample holds a generated one.
        real_is_reached: (N,), whether each real sample lies in a generated ball.
    """

    num_real_balls: np.ndarray
    real_ball_is_hit: np.ndarray
    real_is_reached: np.ndarray


def _memberships(real: np.ndarray, generated: np.ndarray, real_radii: np.ndarray, generated_radii: np.ndarray) -> _Memberships:
    """Compare the (M, N) distances with both sets of radii, some rows at a time."""
    from sklearn.metrics import pairwise_distances_chunked

    num_real_balls = np.zeros(len(generated), dtype=np.int64)
    real_ball_is_hit, real_is_reached = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    first = 0
    for distances in pairwise_distances_chunked(generated, real, working_memory=_WORKING_MEMORY_MIB):
        rows = slice(first, first + len(distances))
        in_real_ball = distances <= real_radii
        num_real_balls[rows] = in_real_ball.sum(axis=1)
        real_ball_is_hit |= in_real_ball.any(axis=0)
        real_is_reached |= (distances <= generated_radii[rows, np.newaxis]).any(axis=0)
        first = rows.stop
    return _Memberships(num_real_balls=num_real_balls, real_ball_is_hit=real_ball_is_hit, real_is_reached=real_is_reached)


def _ball_radii(features: np.ndarray, num_neighbours: int) -> np.ndarray:
    """Distance (N,) of each sample to its k-th nearest neighbour, itself left out."""
    from sklearn.neighbors import NearestNeighbors

    neighbours = NearestNeighbors(n_neighbors=num_neighbours, algorithm="brute").fit(features)
    # without an argument, kneighbors does not count a sample as its own neighbour
    distances, _ = neighbours.kneighbors()
    return distances[:, -1]
