"""A classifier of two classes, for what is scored in its features."""

import numpy as np
import pytest

from ganflow.config import EvaluationParameters
from ganflow.data.splits import hash_array
from ganflow.pipelines.features.nodes import obtain_feature_extractor

FINGERPRINT = {"sha256": "a" * 64, "image_shape": [8, 8, 1], "num_classes": 2}


@pytest.fixture(scope="session")
def fingerprint(images):
    return FINGERPRINT | {"train_images_sha256": hash_array(images)}


@pytest.fixture(scope="session")
def evaluation_parameters():
    return EvaluationParameters(
        num_samples=12,
        batch_size=5,
        num_neighbours=2,
        extractor_epochs=1,
        extractor_batch_size=8,
        extractor_learning_rate=1e-3,
        minimum_accuracy=0.5,
    )


@pytest.fixture(scope="session")
def obtain(images, evaluation_parameters):
    """Function that provides the classifier, as the node does."""

    def provide(stored, images=images, parameters=evaluation_parameters, **origin):
        labels = np.arange(len(images)) % 2
        return obtain_feature_extractor(stored, images, labels, images, labels, FINGERPRINT | origin, parameters)

    return provide


@pytest.fixture(scope="session")
def extractor(obtain):
    """The classifier, as a run finds it."""
    return obtain({})
