"""Nodes that provide the space in which generators are scored."""

from __future__ import annotations

from typing import Any

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.images import ImageSet
from ganflow.features.stored import FeatureExtractor


def obtain_feature_extractor(
    stored: dict[str, Any],
    train: ImageSet,
    held_out: ImageSet,
    data_fingerprint: Fingerprint,
    parameters: ExtractorParameters,
) -> FeatureExtractor:
    """Take the stored extractor if it was made of these images with these settings; else make it, once."""
    from ganflow.features import extractor

    return extractor.obtain_feature_extractor(stored, train, held_out, data_fingerprint, parameters)
