"""Networks that are asked for a class."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from ganflow import networks
from ganflow.errors import ConfigurationError
from ganflow.networks.blocks import halves
from ganflow.networks.conditional import (
    LABEL,
    NOISE,
    by_rows,
    class_proportions,
    draw_labels,
    labels_of,
    proportions_of,
    shown,
    with_labels,
)
from ganflow.networks.latent import draw_inputs, draw_sheet_inputs

COUNTS = (6, 3, 1)


@pytest.fixture(scope="module")
def pair(networks_parameters):
    return [networks.instantiate(part, seed=0) for part in networks.build_pair(networks_parameters, (8, 8, 1), COUNTS)]


def test_proportions_are_those_of_the_training_images():
    assert class_proportions("auto", COUNTS) == class_proportions(True, COUNTS) == [0.6, 0.3, 0.1]
    assert class_proportions(False, COUNTS) == class_proportions("auto", ()) == []


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((), "networks.conditional is true, but the images have no labels. Set it to auto or false"),
        ((1,) * 1001, "Got 1001 classes, expected 1000 at most"),
        ((3, 0, 2), "Got no training image of class number 1, expected some of each"),
    ],
)
def test_classes_that_cannot_be_asked_for_are_refused(counts, message):
    with pytest.raises(ConfigurationError, match=message):
        class_proportions(True, counts)


def test_labels_by_hand():
    # limits at 0.6 and 0.9
    draws = tf.constant([0.0, 0.59, 0.61, 0.89, 0.91, 0.999])
    assert list(draw_labels([0.6, 0.3, 0.1], draws).numpy()) == [0, 0, 1, 1, 2, 2]


@given(counts=st.lists(st.integers(1, 50), min_size=1, max_size=20), draw=st.floats(0, 1, exclude_max=True, width=32))
def test_every_draw_is_some_class(counts, draw):
    label = int(draw_labels(class_proportions(True, counts), tf.constant([draw], tf.float32))[0])
    assert 0 <= label < len(counts)


def test_drawn_classes_have_the_proportions_and_the_noise_is_that_of_an_unconditional_generator(pair, architectures):
    inputs = draw_inputs(pair[0], 4_000, (1, 2))
    shares = np.bincount(inputs[LABEL].numpy(), minlength=3) / 4_000
    # four standard deviations of a share of 4,000 draws are at most 0.032
    np.testing.assert_allclose(shares, [0.6, 0.3, 0.1], atol=0.032)
    np.testing.assert_array_equal(inputs[NOISE], draw_inputs(networks.instantiate(architectures[0]), 4_000, (1, 2)))
    # the class is not read off the noise
    assert abs(np.corrcoef(inputs[LABEL].numpy(), inputs[NOISE].numpy()[:, 0])[0, 1]) < 0.07


def test_another_class_of_the_same_noise_is_another_image(pair):
    generator, _ = pair
    inputs = draw_inputs(generator, 5, (1, 2))
    first, second = (generator(with_labels(inputs, np.full(5, own, np.int32)), training=False).numpy() for own in (0, 1))
    assert first.shape == (5, 8, 8, 1)
    assert np.abs(first - second).max() > 1e-3


def test_the_logit_is_that_of_the_image_and_of_its_class(pair, networks_parameters):
    _, discriminator = pair
    images = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    inner = keras.Model(discriminator.inputs, [discriminator.get_layer(name).output for name in ("logit", "class_logits")])
    for label in range(3):
        asked = shown(images, np.full(4, label, np.int32))
        plain, of_classes = inner(asked, training=False)
        expected = plain.numpy()[:, 0] + of_classes.numpy()[:, label]
        np.testing.assert_allclose(discriminator(asked, training=False).numpy()[:, 0], expected, rtol=1e-5)


def test_a_class_is_judged_by_the_means_over_halves_of_the_last_map():
    features = np.arange(7 * 7 * 2, dtype=np.float32).reshape(1, 7, 7, 2)
    inputs = keras.Input((7, 7, 2))
    found = keras.Model(inputs, halves(inputs, "class_features"))(features)
    # of seven rows or columns, four and three
    expected = [features[0, rows, columns].mean(axis=(0, 1)) for rows in (slice(4), slice(4, 7)) for columns in (slice(4), slice(4, 7))]
    np.testing.assert_allclose(found.numpy()[0], np.concatenate(expected), rtol=1e-6)


@pytest.mark.parametrize(("shape", "num"), [((7, 7, 64), 4), ((4, 4, 5), 4), ((1, 2, 5), 2), ((2, 4, 4, 5), 8), ((1, 3, 3, 5), 4)])
def test_a_map_has_as_many_halves_as_its_sides_allow(shape, num):
    assert halves(keras.Input(shape), "class_features").shape == (None, num * shape[-1])


def test_without_classes_nothing_of_it_is_there(networks_parameters):
    plain = networks.build_pair(networks_parameters, (8, 8, 1))
    assert plain == networks.build_pair(networks_parameters.model_copy(update={"conditional": False}), (8, 8, 1), COUNTS)
    generator, discriminator = (networks.instantiate(part) for part in plain)
    assert proportions_of(generator) == []
    assert labels_of(draw_inputs(generator, 3, (1, 2))) is None
    assert discriminator(shown(np.zeros((2, 8, 8, 1), np.float32), None), training=False).shape == (2, 1)


def test_a_conditional_pair_survives_json_and_keeps_its_proportions(pair):
    described = json.loads(json.dumps(networks.architecture(pair[0])))
    again = networks.instantiate(described, precision="bfloat16")
    assert proportions_of(again) == [0.6, 0.3, 0.1]
    assert again.output.dtype == "float32"


def test_a_stored_generator_is_asked_by_anyone(pair, tmp_path):
    pair[0].save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    inputs = draw_inputs(pair[0], 3, (5, 6))
    np.testing.assert_array_equal(again(inputs, training=False), pair[0](inputs, training=False))


def test_a_spectral_discriminator_bounds_the_class_too(networks_parameters):
    part = networks_parameters.discriminator.model_copy(update={"spectral_normalization": True})
    model = networks.build_discriminator(part, (8, 8, 1), num_classes=3)
    assert type(model.get_layer("class_logits")).__name__ == "SpectralDense"


def test_a_sheet_has_a_row_for_each_class(pair, architectures):
    inputs = draw_sheet_inputs(pair[0], 4, (1, 2))
    assert list(inputs[LABEL]) == [0] * 4 + [1] * 4 + [2] * 4
    assert len(draw_sheet_inputs(networks.instantiate(architectures[0]), 4, (1, 2))) == 16


def test_rows_begin_again_where_there_are_more_than_classes(pair):
    inputs = draw_inputs(pair[0], 8, (1, 2))
    assert list(by_rows(inputs, [2, 0], columns=2)[LABEL]) == [2, 2, 0, 0, 2, 2, 0, 0]
