"""The preset `video_paper` is what 1609.02612 describes, layer by layer, and can be trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks
from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.datasets import RecipesDataset
from ganflow.losses.adversarial import find_loss
from ganflow.networks.cost import count_operations
from ganflow.training.feeding import Batch
from ganflow.training.state import create_state
from ganflow.training.step import TrainingStep

SHAPE = (32, 64, 64, 3)


@pytest.fixture(scope="module")
def preset(project_root):
    return RecipesDataset(path=project_root / "conf").load()["video_paper"]()


@pytest.fixture(scope="module")
def pair(preset):
    return networks.build_pair(NetworksParameters.model_validate(preset["networks"]), SHAPE)


@pytest.fixture(scope="module")
def generator(pair):
    return networks.instantiate(pair[0])


def rows(network, prefix=""):
    """Kind, filters, side of the kernel, stride, bias and output of every convolution, in order of the table."""
    names = [*(f"{prefix}stage_{number}_convolution" for number in range(1, 5)), f"{prefix}output_convolution"]
    layers = [layer for name in names for layer in network.layers if layer.name == name]
    assert all(len(set(layer.kernel_size)) == len(set(layer.strides)) == 1 for layer in layers)
    return [
        (type(layer).__name__, layer.filters, layer.kernel_size[0], layer.strides[0], layer.use_bias, layer.output.shape[1:])
        for layer in layers
    ]


def test_the_foreground_is_a_volume_that_is_doubled_four_times(generator):
    assert generator.get_layer("noise").output.shape == (None, 100)
    assert generator.get_layer("latent").distribution == "normal"
    assert generator.get_layer("projection_map").output.shape[1:] == (2, 4, 4, 512)
    assert rows(generator) == [
        ("Conv3DTranspose", 256, 4, 2, False, (4, 8, 8, 256)),
        ("Conv3DTranspose", 128, 4, 2, False, (8, 16, 16, 128)),
        ("Conv3DTranspose", 64, 4, 2, False, (16, 32, 32, 64)),
        # three colours and the mask
        ("Conv3DTranspose", 4, 4, 2, True, (32, 64, 64, 4)),
    ]


def test_the_background_is_an_image_that_is_doubled_four_times(generator):
    assert generator.get_layer("background_projection").input is generator.get_layer("projection").input
    assert generator.get_layer("background_projection_map").output.shape[1:] == (4, 4, 512)
    assert rows(generator, "background_") == [
        ("Conv2DTranspose", 256, 4, 2, False, (8, 8, 256)),
        ("Conv2DTranspose", 128, 4, 2, False, (16, 16, 128)),
        ("Conv2DTranspose", 64, 4, 2, False, (32, 32, 64)),
        ("Conv2DTranspose", 3, 4, 2, True, (64, 64, 3)),
    ]


@pytest.mark.parametrize("prefix", ["", "background_"])
def test_every_row_of_the_generator_is_normalised_and_rectified(generator, prefix):
    for name in ("projection", "stage_1", "stage_2", "stage_3"):
        assert isinstance(generator.get_layer(f"{prefix}{name}_normalization"), keras.layers.BatchNormalization)
        assert isinstance(generator.get_layer(f"{prefix}{name}_activation"), keras.layers.ReLU)
    assert f"{prefix}stage_4_normalization" not in [layer.name for layer in generator.layers]


def test_both_streams_end_in_tanh_and_the_mask_in_a_sigmoid_with_its_penalty(generator):
    assert generator.get_layer("foreground").activation is keras.activations.tanh
    assert generator.get_layer("background").activation is keras.activations.tanh
    assert generator.get_layer("background").output.shape[1:] == (1, 64, 64, 3)
    mask = generator.get_layer("mask")
    assert (mask.output.shape[1:], mask.penalty) == ((32, 64, 64, 1), 0.1)
    assert generator.output_shape == (None, *SHAPE)
    assert networks.pixel_range(generator) == (-1.0, 1.0)


def test_the_discriminator_halves_four_times(pair):
    discriminator = networks.instantiate(pair[1])
    assert rows(discriminator) == [
        # the first has no normalization, which would take the others' bias away
        ("PaddedConv3D", 64, 4, 2, True, (16, 32, 32, 64)),
        ("PaddedConv3D", 128, 4, 2, False, (8, 16, 16, 128)),
        ("PaddedConv3D", 256, 4, 2, False, (4, 8, 8, 256)),
        ("PaddedConv3D", 512, 4, 2, False, (2, 4, 4, 512)),
    ]
    names = [layer.name for layer in discriminator.layers]
    assert [f"stage_{number}_normalization" in names for number in range(1, 5)] == [False, True, True, True]
    slopes = [layer.negative_slope for layer in discriminator.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes == pytest.approx([0.2] * 4)
    assert discriminator.output_shape == (None, 1)


def test_it_is_trained_as_published(preset):
    training = TrainingParameters.model_validate(preset["training"])
    assert (training.loss, training.batch_size) == ("logistic", 64)
    for adam in (training.generator_optimizer, training.discriminator_optimizer):
        assert (adam.name, adam.learning_rate, adam.beta_1) == ("adam", 2e-4, 0.5)


def test_its_operations_by_hand(pair):
    # multiply-adds: the projections of 100; 64 taps at each small pixel; in the background 16
    moving = 100 * 32 * 512 + 64 * (32 * 512 * 256 + 256 * 256 * 128 + 2048 * 128 * 64 + 16384 * 64 * 4)
    still = 100 * 16 * 512 + 16 * (16 * 512 * 256 + 64 * 256 * 128 + 256 * 128 * 64 + 1024 * 64 * 3)
    assert count_operations(networks.instantiate(pair[0])) == 2 * (moving + still)


@pytest.mark.longer(
    twin="tests/unit/training/test_training_on_clips.py::test_a_penalty_closes_the_mask_and_is_no_part_of_the_loss_that_is_reported"
)
def test_it_takes_a_step(preset, pair):
    parameters = TrainingParameters.model_validate(preset["training"] | {"batch_size": 2, "distribution": "single", "jit": "off"})
    state = create_state(*pair, parameters)
    clips = np.random.default_rng(0).integers(0, 256, (2, *SHAPE), dtype=np.uint8)
    before = state.generator.get_layer("background_stage_3_convolution").kernel.numpy()
    metrics = TrainingStep(state, find_loss("logistic"), parameters).update_both(Batch(tf.constant(clips)), tf.constant(0))
    assert np.isfinite(metrics).all()
    assert int(state.step) == 1
    assert not np.array_equal(state.generator.get_layer("background_stage_3_convolution").kernel, before)
