"""Networks that unit tests compare with each other, and a classifier of two classes, for what is scored in its features."""

import numpy as np
import pytest

from base_parameters import section

FINGERPRINT = {"sha256": "a" * 64, "image_shape": [8, 8, 1], "class_names": ["even", "odd"], "class_counts": [12, 12]}


@pytest.fixture(scope="session")
def without_dropout(networks_parameters):
    """Architectures whose dropout is off: it draws other masks in another precision or compiler, and the same ones on every replica."""
    from ganflow import networks

    parts = networks_parameters.generator, networks_parameters.discriminator
    generator, discriminator = (part.model_copy(update={"dropout": 0.0}) for part in parts)
    return (
        networks.architecture(networks.build_generator(generator, networks_parameters.latent, (8, 8, 1))),
        networks.architecture(networks.build_discriminator(discriminator, (8, 8, 1))),
    )


@pytest.fixture(scope="session")
def wide(networks_parameters):
    """Architectures wide enough for Fourier coefficients to be cheaper, for 64 images of 8 × 8 pixels; without dropout."""
    from ganflow import networks

    stages = [
        {"width": 48},
        {"width": 48, "kernel_size": 5, "double": True},
        {"width": 48, "kernel_size": 5},
        {"width": 4, "kernel_size": 3, "double": True},
    ]
    parts = networks_parameters.model_dump()
    parts["generator"] |= {"stages": stages, "dropout": 0.0}
    parts["discriminator"] |= {"dropout": 0.0}
    return networks.build_pair(type(networks_parameters).model_validate(parts), (8, 8, 1))


@pytest.fixture(scope="session")
def two_streams(networks_parameters):
    """Tiny networks of two streams, for clips of 4 frames of 8 × 8 pixels; without dropout."""
    parts = networks_parameters.model_dump()
    parts["generator"] |= {
        "stages": [{"width": 5}, {"width": 4, "kernel_size": 3, "double": True}],
        "output_doubles": True,
        "dropout": 0.0,
        "streams": "two",
        "mask_penalty": 0.3,
    }
    parts["discriminator"] |= {"dropout": 0.0}
    return type(networks_parameters).model_validate(parts)


@pytest.fixture(scope="session")
def fingerprint(images):
    from ganflow.runtime.hashing import hash_array

    return FINGERPRINT | {"train_images_sha256": hash_array(images)}


@pytest.fixture(scope="session")
def evaluation_parameters():
    from ganflow.config.evaluation import EvaluationParameters

    return section(EvaluationParameters, num_samples=12, batch_size=5, num_neighbours=2)


@pytest.fixture(scope="session")
def extractor_parameters():
    from ganflow.config.extractor import ExtractorParameters

    return section(ExtractorParameters, epochs=1, batch_size=8, learning_rate=1e-3, minimum_accuracy=0.0)


@pytest.fixture(scope="session")
def labelled(images):
    """Those images, of two classes in turn."""
    from ganflow.data.images import ImageSet

    return ImageSet(images, np.arange(len(images)) % 2, ("even", "odd"))


@pytest.fixture(scope="session")
def obtain(labelled, extractor_parameters):
    """Function that provides the extractor, as the node does."""
    from ganflow.features.extractor import obtain_feature_extractor

    def provide(stored, images=labelled, parameters=extractor_parameters, **origin):
        return obtain_feature_extractor(stored, images, images, FINGERPRINT | origin, parameters)

    return provide


@pytest.fixture(scope="session")
def extractor(obtain):
    """The classifier, as a run finds it."""
    return obtain({})
