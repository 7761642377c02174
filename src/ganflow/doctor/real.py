"""What a run's own images are compared with."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from ganflow.features.stored import FeatureExtractor


class RealImages(TypedDict):
    """Training images, and what has been measured on them.

    Attributes:
        row: the columns of history that are about images, as real ones would fill them.
        num_classes: of the data; 0 where the images have none.
        features: (N, D) float32, of the real images in a score.
        neighbours: (M, H, W, C) uint8, or clips (M, T, H, W, C), training images among which the nearest one of a generated image is
            looked for.
        quantile: of the distances to the nearest one; a copy's original is among the neighbours with twice this probability.
        extractor: whose features these are.
        images: (N, H, W, C) uint8, or clips, the real images in a score.
        labels: (N,), their classes as the extractor names them; None where it names none.
    """

    row: dict[str, float]
    num_classes: int
    features: np.ndarray
    neighbours: np.ndarray
    quantile: float
    extractor: FeatureExtractor
    images: np.ndarray
    labels: np.ndarray | None
