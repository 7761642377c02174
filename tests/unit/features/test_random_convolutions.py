"""Random convolutions repeat for a seed, have features on one scale, and tell sets of images apart."""

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet
from ganflow.features.classifier import FEATURE_WIDTH
from ganflow.features.extractor import Extractor, obtain_feature_extractor
from ganflow.metrics.kernel import kernel_distance

PARAMETERS = section(ExtractorParameters)


def bars(num, seed, horizontal=0.5):
    """Coloured bars, horizontal or vertical, on a dark ground."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 30, (num, 16, 24, 3), dtype=np.uint8)
    for image in images:
        first, colour = random.integers(0, 12), random.integers(100, 256, 3, dtype=np.uint8)
        if random.random() < horizontal:
            image[first : first + 4] = colour
        else:
            image[:, first : first + 4] = colour
    return images


def obtain(images, **changes):
    whole = ImageSet(images)
    return obtain_feature_extractor({}, whole, whole, describe(whole, whole, "npz"), PARAMETERS.model_copy(update=changes))


@pytest.fixture(scope="module")
def extractor():
    return obtain(bars(200, seed=0))


def test_features_are_principal_components_of_variance_one_on_the_images_they_were_made_of(extractor):
    features = Extractor(extractor, 64)(bars(200, seed=0)).features
    assert features.shape == (200, FEATURE_WIDTH)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-3)
    # variance v comes to v / (v + 0.001 of the largest): 1 / 1.001 at most, less for what is hardly there
    variances = features.var(axis=0)
    assert variances.max() == pytest.approx(1 / 1.001, abs=1e-3)
    assert np.all(np.diff(variances) < 1e-3)
    correlations = np.corrcoef(features[:, :40], rowvar=False) - np.eye(40)
    assert np.abs(correlations).max() < 1e-2


def test_of_few_images_there_are_fewer_components_and_nothing_is_made_of_rounding():
    features = Extractor(obtain(bars(20, seed=0)), 64)(bars(20, seed=0)).features
    assert np.isfinite(features).all()
    # 20 images span 19 dimensions
    assert np.abs(features[:, 19:]).max() < 1e-2


def test_it_repeats_for_a_seed_and_changes_with_it(extractor):
    again, other = obtain(bars(200, seed=0)), obtain(bars(200, seed=0), seed=3)
    assert again["metadata"]["sha256"] == extractor["metadata"]["sha256"] != other["metadata"]["sha256"]
    assert "accuracy" not in extractor["metadata"]


def test_it_names_no_classes(extractor):
    assert Extractor(extractor, 64)(bars(5, seed=1)).labels is None


def test_new_images_of_the_same_kind_are_nearer_than_any_others(extractor):
    extract = Extractor(extractor, 64)
    real = extract(bars(400, seed=1)).features
    random = np.random.default_rng(2)
    others = {
        "the same kind": bars(400, seed=3),
        "one half of them": bars(400, seed=4, horizontal=1.0),
        "eight of them again and again": np.repeat(bars(8, seed=5), 50, axis=0),
        "without colour": np.repeat(bars(400, seed=6).mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3),
        "noise": random.integers(0, 256, (400, 16, 24, 3), dtype=np.uint8),
    }
    distances = {name: kernel_distance(real, extract(images).features) for name, images in others.items()}
    same = distances.pop("the same kind")
    assert abs(same.value) < 3 * same.standard_error
    for name, distance in distances.items():
        assert distance.value > 3 * (same.standard_error + distance.standard_error), name
    assert max(distances, key=lambda name: distances[name].value) == "noise"
