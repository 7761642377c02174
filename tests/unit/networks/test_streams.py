"""Two streams: a foreground over a background that stands still, as far as a mask says so."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from base_parameters import section
from ganflow import networks
from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, LatentParameters, NetworksParameters
from ganflow.errors import ConfigurationError
from ganflow.networks import Composition, Foreground, Mask
from ganflow.networks.builders import FLOAT32_LAYERS

SHAPE = (4, 8, 8, 3)
LATENT = LatentParameters(dimension=6, distribution="uniform")


@pytest.fixture
def generator(two_streams):
    return networks.instantiate(networks.build_pair(two_streams, SHAPE)[0], seed=0)


def parts_of(generator, inputs, training=False):
    names = ("foreground", "mask", "background", "pixels")
    parts = keras.Model(generator.input, [generator.get_layer(name).output for name in names])
    return dict(zip(names, (part.numpy() for part in parts(inputs, training=training)), strict=True))


def test_a_composition_by_hand():
    foreground = tf.constant([[[[[1.0]]], [[[0.5]]]]])
    mask = tf.constant([[[[[1.0]]], [[[0.25]]]]])
    background = tf.constant([[[[[0.1]]]]])
    # all of the foreground in the first frame; 0.25 · 0.5 + 0.75 · 0.1 in the second
    np.testing.assert_allclose(np.ravel(Composition("sigmoid")([foreground, mask, background])), [1.0, 0.2], rtol=1e-6)


def test_the_last_channel_is_the_mask():
    inputs = tf.constant([[[[[0.5, -0.5, 0.0]]]]])
    np.testing.assert_allclose(np.ravel(Foreground("tanh")(inputs)), np.tanh([0.5, -0.5]), rtol=1e-6)
    assert np.ravel(Mask(0.1)(inputs)).tolist() == [0.5]


def test_the_mask_adds_the_mean_of_itself_in_training_alone():
    mask = Mask(0.1)
    # sigmoids 0.5 and 0.75
    inputs = tf.constant([[0.0], [np.log(3.0)]], tf.float32)
    mask(inputs, training=True)
    assert [float(loss) for loss in mask.losses] == pytest.approx([0.1 * 0.625])
    mask(inputs, training=True)
    assert len(mask.losses) == 1
    mask(inputs, training=False)
    assert mask.losses == []
    free = Mask(0.0)
    free(inputs, training=True)
    assert free.losses == []


def test_pixels_are_the_foreground_where_the_mask_is_open(generator):
    parts = parts_of(generator, np.random.default_rng(0).uniform(-1, 1, (2, 6)).astype(np.float32))
    assert {name: part.shape[1:] for name, part in parts.items()} == {
        "foreground": SHAPE,
        "mask": (4, 8, 8, 1),
        "background": (1, 8, 8, 3),
        "pixels": SHAPE,
    }
    mask = parts["mask"]
    assert mask.min() > 0
    assert mask.max() < 1
    np.testing.assert_allclose(parts["pixels"], mask * parts["foreground"] + (1 - mask) * parts["background"], rtol=1e-5)


def test_behind_a_closed_mask_a_clip_stands_still(generator):
    bias = generator.get_layer("output_convolution").bias
    bias.assign([0.0, 0.0, 0.0, -50.0])
    parts = parts_of(generator, np.ones((2, 6), np.float32))
    assert np.ptp(parts["pixels"], axis=1).max() < 1e-6
    np.testing.assert_allclose(parts["pixels"][:, 0], parts["background"][:, 0], atol=1e-6)


def test_both_streams_start_from_the_same_noise(generator):
    latent = generator.get_layer("latent").output
    assert generator.get_layer("projection").input is generator.get_layer("background_projection").input is latent


def test_the_background_has_the_table_in_two_axes(generator):
    maps = {name: generator.get_layer(name).output.shape[1:] for name in ("projection_map", "background_projection_map")}
    assert maps == {"projection_map": (1, 2, 2, 5), "background_projection_map": (2, 2, 5)}
    assert generator.get_layer("stage_1_convolution").output.shape[1:] == (2, 4, 4, 4)
    assert generator.get_layer("background_stage_1_convolution").output.shape[1:] == (4, 4, 4)


def test_two_streams_of_images_are_refused(two_streams):
    with pytest.raises(
        ConfigurationError, match="streams is 'two', which takes clips.*got images of 8 × 8 × 1. Set networks.generator.streams"
    ):
        networks.build_generator(two_streams.generator, LATENT, (8, 8, 1))


def test_the_range_of_pixels_is_that_of_both_streams(two_streams, generator):
    assert networks.pixel_range(generator) == (0.0, 1.0)
    tanh = two_streams.generator.model_copy(update={"output_activation": "tanh"})
    assert networks.pixel_range(networks.build_generator(tanh, LATENT, SHAPE)) == (-1.0, 1.0)


def test_what_is_shown_stays_float32_in_mixed_precision(two_streams):
    mixed = networks.instantiate(networks.build_pair(two_streams, SHAPE)[0], precision="bfloat16", convolution="fourier")
    kinds = {layer.name: layer.compute_dtype for layer in mixed.layers}
    assert {kinds[name] for name in ("foreground", "mask", "background", "pixels")} == {"float32"}
    assert {kinds[name] for name in ("stage_1_convolution", "background_stage_1_convolution", "output_convolution")} == {"bfloat16"}
    assert set(FLOAT32_LAYERS) >= {"foreground", "mask", "background", "pixels"}
    # the background's convolutions know both methods
    assert mixed.get_layer("background_stage_1_convolution").method == "fourier"


def test_two_streams_survive_a_keras_file(tmp_path, generator):
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras", safe_mode=True)
    noise = np.random.default_rng(1).uniform(-1, 1, (3, 6)).astype(np.float32)
    np.testing.assert_array_equal(loaded(noise, training=False), generator(noise, training=False))
    assert (loaded.get_layer("mask").penalty, networks.pixel_range(loaded)) == (0.3, (0.0, 1.0))


@pytest.mark.parametrize("streams", ["one", "two"])
@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
@pytest.mark.parametrize("is_spectral", [True, False])
def test_every_kind_of_row_serves_clips_with_classes(streams, upsampling, is_spectral):
    size = 4 if upsampling == "transposed" else 3
    rows = [{"width": 3}, {"width": 3, "kernel_size": size, "double": True}, {"width": 2, "kernel_size": 3}]
    halving = [{"width": 2, "kernel_size": 4, "halve": True}, {"width": 3, "kernel_size": 3, "halve": True}]
    changes = {"upsampling": upsampling, "output_kernel_size": size, "output_doubles": True, "streams": streams}
    own = section(
        NetworksParameters,
        latent=LATENT,
        generator=section(GeneratorParameters, stages=rows, residual=True, **changes),
        discriminator=section(
            DiscriminatorParameters, stages=halving, residual=True, normalization="layer", spectral_normalization=is_spectral
        ),
    )
    generator, discriminator = (networks.instantiate(network, seed=0) for network in networks.build_pair(own, SHAPE, [3, 5]))
    inputs = networks.draw_inputs(generator, 2, (0, 1))
    clips = generator(inputs, training=True)
    assert clips.shape == (2, *SHAPE)
    logits = discriminator({"images": clips, "label": inputs["label"]}, training=True)
    assert logits.shape == (2, 1)
    # the class is asked for: another one, another clip
    other = generator(inputs | {"label": 1 - inputs["label"]}, training=False)
    assert not np.allclose(other, generator(inputs, training=False))
