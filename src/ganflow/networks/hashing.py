"""Fingerprints of weights, so that what is loaded can be told from what was meant."""

from __future__ import annotations

import keras
import numpy as np

from ganflow.errors import CheckpointError
from ganflow.records import GeneratorRecord
from ganflow.runtime.hashing import hash_named_arrays


def hash_weights(model: keras.Model) -> str:
    """SHA-256 of a network's weights, moving statistics included."""
    return hash_named_arrays({weight.path: np.array(weight) for weight in model.weights})


def check_record(generator: keras.Model, record: GeneratorRecord) -> None:
    """Make sure that a generator is the one that its record describes.

    Raises:
        CheckpointError: if it is not: two versions were mixed, or an export was cut off between the two.
    """
    found = hash_weights(generator)
    if found != record["sha256"]:
        raise CheckpointError(
            f"The generator's weights have SHA-256 {found[:12]}…, its record says {record['sha256'][:12]}…: they are of different exports. "
            "Load one version of both (--load-versions generator:V,generator_record:V), or export anew: kedro run --pipelines training"
        )
