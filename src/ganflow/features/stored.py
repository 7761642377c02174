"""A feature extractor as it is stored; importing this needs no TensorFlow."""

from __future__ import annotations

import logging
from typing import Any, NotRequired, TypedDict

import numpy as np

from ganflow.errors import CheckpointError
from ganflow.runtime.hashing import hash_named_arrays

logger = logging.getLogger(__name__)


class Origin(TypedDict):
    """Everything that decides an extractor's weights.

    Attributes:
        name: key of `ganflow.features.extractor.EXTRACTORS`.
        data: SHA-256 of the images, see `fingerprint`.
        architecture: parsed JSON of the network.
        parameters: of the section `extractor`, as far as this extractor uses them.
        num_images: how many images were drawn to train on; absent if all were taken.
        frames: of clips, everything that decides the weights of the extractor of their frames; absent for images.
    """

    name: str
    data: str
    architecture: dict[str, Any]
    parameters: dict[str, float]
    num_images: NotRequired[int]
    frames: NotRequired[Origin]


class ExtractorMetadata(TypedDict):
    """What is known of an extractor.

    Attributes:
        origin: see `Origin`.
        accuracy: share of the held-out images that a classifier names rightly, 0 to 1; absent for other extractors.
        least_accuracy: what these images allow even without a network, see `reachable_accuracy`; absent for other extractors.
        sha256: of the weights.
        frames: of clips, the same of the extractor of their frames, whose weights `sha256` covers too; absent for images.
    """

    origin: Origin
    accuracy: NotRequired[float]
    least_accuracy: NotRequired[float]
    sha256: str
    frames: NotRequired[ExtractorMetadata]


class FeatureExtractor(TypedDict):
    """The network in whose features generators are scored.

    Attributes:
        arrays: weights, by path of the variable.
        metadata: see `ExtractorMetadata`.
    """

    arrays: dict[str, np.ndarray]
    metadata: ExtractorMetadata


_FRAMES = "frames/"
"""Beginning of the paths of the weights that belong to the extractor of frames."""


def join_frames(clips: FeatureExtractor, frames: FeatureExtractor) -> FeatureExtractor:
    """Extractors of clips and of their frames, as one that is stored and named as a whole."""
    arrays = clips["arrays"] | {f"{_FRAMES}{path}": array for path, array in frames["arrays"].items()}
    metadata: ExtractorMetadata = {**clips["metadata"], "sha256": hash_named_arrays(arrays), "frames": frames["metadata"]}
    return {"arrays": arrays, "metadata": metadata}


def part_of_frames(stored: FeatureExtractor) -> FeatureExtractor | None:
    """The extractor of frames that belongs to one of clips; None for one of images."""
    metadata = stored["metadata"].get("frames")
    if metadata is None:
        return None
    arrays = {path.removeprefix(_FRAMES): array for path, array in stored["arrays"].items() if path.startswith(_FRAMES)}
    return {"arrays": arrays, "metadata": metadata}


def name_extractor(stored: FeatureExtractor) -> str:
    """Name and hash, such as `classifier 1a2b3c4d5e6f`: scores of two extractors that differ in it are never compared."""
    metadata = stored["metadata"]
    return f"{metadata['origin']['name']} {metadata['sha256'][:12]}"


def check_frozen(stored: FeatureExtractor) -> None:
    """Make sure that the weights of a stored extractor are those that were frozen.

    Raises:
        CheckpointError: if they are not.
    """
    expected, found = stored["metadata"]["sha256"], hash_named_arrays(stored["arrays"])
    if found != expected:
        raise CheckpointError(
            f"The stored feature extractor's weights have SHA-256 {found[:12]}…, not the {expected[:12]}… that they were frozen with. "
            "Remove data/06_models/feature_extractor.safetensors and run again to make it anew."
        )
    logger.info("The stored feature extractor %s is used.", name_extractor(stored))
