"""All subjects are scored alike."""

import keras
import numpy as np
import pytest

from base_parameters import section
from ganflow import networks
from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError, DataError
from ganflow.features.extractor import Extractor, obtain_feature_extractor
from ganflow.metrics.report import FeatureSet
from ganflow.pipelines.evaluation.nodes import extract_features, score_features
from ganflow.runtime.seeds import named_seed
from moving_bars import moving_bars


def record_of(generator):
    return {"sha256": networks.hash_weights(generator)}


def test_a_record_of_another_generator_is_refused(images, evaluation_parameters, architectures):
    generator, other = (networks.instantiate(architectures[0], seed) for seed in (0, 1))
    with pytest.raises(CheckpointError, match="of different exports"):
        extract_features(generator, record_of(other), {}, ImageSet(images), ImageSet(images), evaluation_parameters)


def features_of(extractor, images):
    return Extractor(extractor, 5)(images)


def chosen(num_images, num, seed):
    random = np.random.default_rng(named_seed(seed, "training images to score"))
    return np.sort(random.choice(num_images, num, replace=False))


def test_all_subjects_are_scored_in_equal_numbers(images, evaluation_parameters, architectures, extractor):
    generator = networks.instantiate(architectures[0], 0)
    features = extract_features(generator, record_of(generator), extractor, ImageSet(images), ImageSet(images[:10]), evaluation_parameters)
    assert {name: len(subject.features) for name, subject in features.items()} == {
        "held_out": 10, "generator": 12, "real_images": 12, "noise": 12,
    }  # fmt: skip
    np.testing.assert_array_equal(features["held_out"].labels, features_of(extractor, images[:10]).labels)
    np.testing.assert_allclose(
        features["real_images"].features.sum(),
        features_of(extractor, images[chosen(24, 12, evaluation_parameters.seed)]).features.sum(),
        rtol=1e-4,
    )
    few = extract_features(generator, record_of(generator), extractor, ImageSet(images[:7]), ImageSet(images[:10]), evaluation_parameters)
    assert {len(few[name].features) for name in ("generator", "real_images", "noise")} == {7}


def test_a_generator_of_another_size_is_refused(images, evaluation_parameters, networks_parameters):
    other = networks.build_generator(networks_parameters.generator, networks_parameters.latent, (12, 8, 1))
    with pytest.raises(DataError, match=r"\(12, 8, 1\).*\(8, 8, 1\)"):
        extract_features(other, record_of(other), {}, ImageSet(images), ImageSet(images), evaluation_parameters)


def scored(parameters):
    random = np.random.default_rng(0)
    features = {
        name: FeatureSet(random.normal(size=(12, 3)), np.arange(12) % 2) for name in ("held_out", "generator", "real_images", "noise")
    }
    extractor = {"metadata": {"origin": {"name": "classifier"}, "sha256": "c", "accuracy": 1.0}}
    return score_features(features, extractor, {"class_names": ["a", "b"]}, {"run_id": "r"}, parameters)


def test_scores_carry_their_origin_and_the_table_repeats_them(evaluation_parameters):
    outputs = scored(evaluation_parameters)
    assert outputs["metrics"]["feature_extractor"] == {"name": "classifier", "accuracy": 1.0, "sha256": "c"}
    assert outputs["metrics"]["generator"] == {"run_id": "r"}
    table = outputs["metrics_table"].set_index("metric")
    for subject, scores in outputs["metrics"]["scores"].items():
        assert table[subject].to_dict() == pytest.approx(scores)


OF_CLIPS = {"motion_energy", "flicker", "speed", "usual_speed_share", "background_unrest"} | {
    f"frame_{name}" for name in ("frechet_distance", "kernel_distance", "kernel_distance_standard_error")
}


def test_clips_are_scored_beside_the_same_clips_in_disorder_and_at_rest(evaluation_parameters):
    clips = moving_bars(40, length=4, size=8)[0]
    train, held_out = ImageSet(clips[:20]), ImageSet(clips[20:])
    fingerprint = describe(train, held_out, "npz")
    extractor = obtain_feature_extractor({}, train, held_out, fingerprint, section(ExtractorParameters))
    noise = keras.Input((6,), name="noise")
    flat = keras.layers.Dense(4 * 8 * 8)(networks.Latent("normal", name="latent")(noise))
    generator = keras.Model(noise, keras.layers.Activation("sigmoid", name="pixels")(keras.layers.Reshape((4, 8, 8, 1))(flat)))
    features = extract_features(generator, record_of(generator), extractor, train, held_out, evaluation_parameters)
    assert list(features) == ["held_out", "generator", "real_images", "noise", "shuffled", "still"]
    scores = score_features(features, extractor, fingerprint, {"run_id": "r"}, evaluation_parameters)["metrics"]["scores"]
    assert list(scores) == ["generator", "real_images", "noise", "shuffled", "still"]
    names = {key.removesuffix("_12_heldout") for key in scores["generator"]}
    assert names >= OF_CLIPS
    assert len({frozenset(own) for own in scores.values()}) == 1
    of_subjects = {name: own["motion_energy_12_heldout"] for name, own in scores.items()}
    # of the same clips: no motion at rest, and more in disorder
    assert of_subjects["still"] == 0.0 < of_subjects["real_images"] < of_subjects["shuffled"]


def test_images_have_no_scores_of_clips(images, evaluation_parameters, architectures, extractor):
    generator = networks.instantiate(architectures[0], 0)
    features = extract_features(generator, record_of(generator), extractor, ImageSet(images), ImageSet(images), evaluation_parameters)
    scores = score_features(features, extractor, {"class_names": ["even", "odd"]}, {"run_id": "r"}, evaluation_parameters)["metrics"][
        "scores"
    ]
    assert list(scores) == ["generator", "real_images", "noise"]
    assert not {key.removesuffix("_12_heldout") for key in scores["generator"]} & OF_CLIPS
