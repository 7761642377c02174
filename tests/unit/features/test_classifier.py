"""The feature extractor learns, repeats itself, and is read in batches without seams."""

import numpy as np

from ganflow import networks
from ganflow.features import classifier as features
from ganflow.features.classifier import FEATURE_WIDTH, build_classifier, extract, train_classifier


def striped_images(num: int) -> tuple[np.ndarray, np.ndarray]:
    """Class 0: horizontal stripes; class 1: vertical ones; with noise."""
    random = np.random.default_rng(0)
    labels = np.arange(num) % 2
    stripes = np.where(np.arange(8) % 4 < 2, 200, 20)
    clean = np.where(labels[:, None, None] == 0, stripes[None, :, None], stripes[None, None, :])
    return np.clip(clean + random.integers(-20, 20, (num, 8, 8)), 0, 255).astype(np.uint8)[..., None], labels


def trained(images, labels, seed):
    classifier = networks.instantiate(networks.architecture(build_classifier((8, 8, 1), 2)), seed)
    train_classifier(classifier, images, labels, num_epochs=6, batch_size=16, learning_rate=3e-3, seed=seed)
    return classifier


def test_learns_and_repeats_for_a_seed():
    images, labels = striped_images(128)
    first, second = trained(images, labels, 1), trained(images, labels, 1)
    features, classes = extract(first, images, batch_size=50)
    assert np.mean(classes == labels) > 0.9
    assert features.shape == (128, FEATURE_WIDTH)
    np.testing.assert_array_equal(features, extract(second, images, batch_size=50)[0])


def test_batches_leave_no_seams():
    images, _ = striped_images(30)
    classifier = networks.instantiate(networks.architecture(build_classifier((8, 8, 1), 2)), 0)
    np.testing.assert_allclose(extract(classifier, images, 7)[0], extract(classifier, images, 30)[0], rtol=1e-4, atol=1e-5)


def test_of_very_many_images_some_are_drawn_evenly_and_no_more_are_read(monkeypatch):
    monkeypatch.setattr(features, "MOST_IMAGES", 64)
    images, labels = striped_images(128)
    read = []

    class Mapped(np.ndarray):
        def __getitem__(self, key):
            found = super().__getitem__(key)
            read.append(len(found))
            return found.view(np.ndarray)

    classifier = trained(images.view(Mapped), labels, 1)
    assert read == [64]
    assert np.mean(extract(classifier, images, batch_size=50)[1] == labels) > 0.9
