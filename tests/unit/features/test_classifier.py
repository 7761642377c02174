"""The feature extractor learns, repeats itself, and is read in batches without seams."""

import numpy as np

from base_parameters import section
from ganflow import networks
from ganflow.config.extractor import ExtractorParameters
from ganflow.data.images import ImageSet
from ganflow.features import classifier as features
from ganflow.features.classifier import FEATURE_WIDTH, build_classifier, stage_widths, train_classifier


def striped_images(num: int) -> tuple[np.ndarray, np.ndarray]:
    """Class 0: horizontal stripes; class 1: vertical ones; with noise."""
    random = np.random.default_rng(0)
    labels = np.arange(num) % 2
    stripes = np.where(np.arange(8) % 4 < 2, 200, 20)
    clean = np.where(labels[:, None, None] == 0, stripes[None, :, None], stripes[None, None, :])
    return np.clip(clean + random.integers(-20, 20, (num, 8, 8)), 0, 255).astype(np.uint8)[..., None], labels


def trained(images, labels, seed):
    classifier = networks.instantiate(networks.architecture(build_classifier((8, 8, 1), 2)), seed)
    parameters = section(ExtractorParameters, epochs=6, batch_size=16, learning_rate=3e-3, seed=seed)
    train_classifier(classifier, ImageSet(images, labels, ("0", "1")), parameters)
    return classifier


def extract(classifier, images):
    features, logits = classifier(images.astype(np.float32) / 255, training=False)
    return np.array(features), np.argmax(logits, axis=1)


def test_learns_and_repeats_for_a_seed():
    images, labels = striped_images(128)
    first, second = trained(images, labels, 1), trained(images, labels, 1)
    features, classes = extract(first, images)
    assert np.mean(classes == labels) > 0.9
    assert features.shape == (128, FEATURE_WIDTH)
    np.testing.assert_array_equal(features, extract(second, images)[0])


def test_the_head_does_not_grow_with_the_image():
    # 28 → 14 → 7 → 3, 64 → 32 → 16 → 8 → 4, 256 → … → 4, 48 × 32 → 3 × 2
    assert [len(stage_widths((size, size, 1))) for size in (8, 28, 32, 64, 256)] == [3, 3, 3, 4, 6]
    heads = {shape: build_classifier(shape, 2).get_layer("features").kernel.shape[0] for shape in ((28, 28, 1), (64, 64, 3), (48, 32, 3))}
    assert heads == {(28, 28, 1): 3 * 3 * 64, (64, 64, 3): 4 * 4 * 64, (48, 32, 3): 3 * 2 * 64}


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
    assert np.mean(extract(classifier, images)[1] == labels) > 0.9
