"""The extractor is trained once, and a poor one is refused."""

import numpy as np
import pytest

from ganflow import networks
from ganflow.config import EvaluationParameters
from ganflow.errors import CheckpointError, DataError
from ganflow.metrics.report import FeatureSet
from ganflow.networks.features import extract
from ganflow.pipelines.evaluation.nodes import extract_features, obtain_feature_extractor, score_features


@pytest.fixture
def parameters():
    return EvaluationParameters(
        num_samples=12,
        batch_size=5,
        num_neighbours=2,
        extractor_epochs=1,
        extractor_batch_size=8,
        extractor_learning_rate=1e-3,
        minimum_accuracy=0.5,
    )


FINGERPRINT = {"sha256": "a" * 64, "image_shape": [8, 8, 1], "num_classes": 2}


def obtain(stored, images, parameters, fingerprint=FINGERPRINT):
    labels = np.arange(len(images)) % 2
    return obtain_feature_extractor(stored, images, labels, images, labels, fingerprint, parameters)


def test_the_extractor_is_trained_once_for_each_origin(images, parameters):
    first = obtain({}, images, parameters)
    assert obtain(first, images, parameters) is first
    again = obtain(first, images, parameters, FINGERPRINT | {"sha256": "b" * 64})
    assert again is not first
    # the same images under another name give the same weights: training repeats itself
    assert again["metadata"]["sha256"] == first["metadata"]["sha256"]
    other = obtain(first, images, parameters.model_copy(update={"seed": 3}))
    assert other["metadata"]["sha256"] != first["metadata"]["sha256"]


def test_scoring_settings_do_not_retrain_the_extractor(images, parameters):
    first = obtain({}, images, parameters)
    assert obtain(first, images, parameters.model_copy(update={"num_samples": 5, "minimum_accuracy": 0.1})) is first


def test_a_changed_extractor_is_refused_and_a_foreign_file_replaced(images, parameters):
    first = obtain({}, images, parameters)
    changed = {name: array + 1 for name, array in first["arrays"].items()}
    with pytest.raises(CheckpointError, match="not the .* frozen with.*train it anew"):
        obtain({"arrays": changed, "metadata": first["metadata"]}, images, parameters)
    again = obtain({"arrays": {}, "metadata": {"other": 1}}, images, parameters)
    assert again["metadata"] == first["metadata"]
    assert 0 <= first["metadata"]["accuracy"] <= 1


def record_of(generator):
    return {"sha256": networks.hash_weights(generator)}


def test_a_record_of_another_generator_is_refused(images, parameters, architectures):
    generator, other = (networks.instantiate(architectures[0], seed) for seed in (0, 1))
    with pytest.raises(CheckpointError, match="of different exports"):
        extract_features(generator, record_of(other), {}, images, images, parameters)


def features_of(extractor, images):
    classifier = networks.instantiate(extractor["metadata"]["origin"]["architecture"])
    for variable in classifier.weights:
        variable.assign(extractor["arrays"][variable.path])
    return extract(classifier, images, 5)


def chosen(num_images, num, seed):
    return np.sort(np.random.default_rng(seed).choice(num_images, num, replace=False))


def test_all_subjects_are_scored_in_equal_numbers(images, parameters, architectures):
    extractor = obtain({}, images, parameters)
    generator = networks.instantiate(architectures[0], 0)
    features = extract_features(generator, record_of(generator), extractor, images, images[:10], parameters)
    assert {name: len(subject.features) for name, subject in features.items()} == {
        "held_out": 10, "generator": 12, "real_images": 12, "noise": 12,
    }  # fmt: skip
    _, classes = features_of(extractor, images[:10])
    np.testing.assert_array_equal(features["held_out"].labels, classes)
    np.testing.assert_allclose(
        features["real_images"].features.sum(), features_of(extractor, images[chosen(24, 12, parameters.seed)])[0].sum(), rtol=1e-4
    )
    few = extract_features(generator, record_of(generator), extractor, images[:7], images[:10], parameters)
    assert {len(few[name].features) for name in ("generator", "real_images", "noise")} == {7}


def test_a_generator_of_another_size_is_refused(images, parameters, networks_parameters):
    other = networks.build_generator(networks_parameters.generator, networks_parameters.latent, (12, 8, 1))
    with pytest.raises(DataError, match=r"\(12, 8, 1\).*\(8, 8, 1\)"):
        extract_features(other, record_of(other), {}, images, images, parameters)


def scored(parameters, accuracy):
    random = np.random.default_rng(0)
    features = {
        name: FeatureSet(random.normal(size=(12, 3)), np.arange(12) % 2) for name in ("held_out", "generator", "real_images", "noise")
    }
    return score_features(features, {"metadata": {"sha256": "c", "accuracy": accuracy}}, FINGERPRINT, {"run_id": "r"}, parameters)


def test_a_poor_extractor_is_refused(parameters):
    with pytest.raises(DataError, match=r"names 49\.9% of the held-out images rightly.*50\.0%.*extractor_epochs"):
        scored(parameters, 0.499)


def test_scores_carry_their_origin_and_the_table_repeats_them(parameters):
    outputs = scored(parameters, 1.0)
    assert outputs["metrics"]["feature_extractor"] == {"accuracy": 1.0, "sha256": "c"}
    assert outputs["metrics"]["generator"] == {"run_id": "r"}
    table = outputs["metrics_table"].set_index("metric")
    for subject, scores in outputs["metrics"]["scores"].items():
        assert table[subject].to_dict() == pytest.approx(scores)
