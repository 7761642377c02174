"""Nodes that provide the space in which generators are scored."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.splits import Split
from ganflow.features.stored import FeatureExtractor


def obtain_feature_extractor(
    stored: dict[str, Any],
    train_images: np.ndarray,
    train_labels: np.ndarray,
    held_out_images: np.ndarray,
    held_out_labels: np.ndarray,
    data_fingerprint: Fingerprint,
    parameters: ExtractorParameters,
) -> FeatureExtractor:
    """Take the stored digit classifier if it was trained on these images with these settings; else train it, once."""
    from ganflow.features import extractor

    split = Split(train_images, train_labels, held_out_images, held_out_labels)
    return extractor.obtain_feature_extractor(stored, split, data_fingerprint, parameters)
