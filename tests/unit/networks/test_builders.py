"""Tables become the networks that they describe."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base_parameters import section
from ganflow import networks
from ganflow.config.networks import DiscriminatorParameters, DiscriminatorStage, GeneratorParameters, GeneratorStage, NetworksParameters
from ganflow.datasets import RecipesDataset
from ganflow.errors import ConfigurationError, DataError
from ganflow.networks.blocks import discriminator_block, generator_block


def read_networks(project_root, environment):
    return NetworksParameters.model_validate(RecipesDataset(path=project_root / "conf").load()[environment]()["networks"])


def build(parameters, shape):
    return (
        networks.build_generator(parameters.generator, parameters.latent, shape),
        networks.build_discriminator(parameters.discriminator, shape),
    )


def test_the_default_has_the_published_numbers_of_weights(project_root):
    generator, discriminator = build(read_networks(project_root, "base"), (28, 28, 1))
    # projection 100*3136, its normalization 4*3136, 25*64*32 + 4*32, 25*32*16 + 4*16, 9*16*1 + 1
    assert generator.count_params() == 313_600 + 12_544 + 51_200 + 128 + 12_800 + 64 + 145
    # 9*1*16 + 16, 16*16*32 + 32, 16*32*64 + 64, 9*64*64 + 64, 7*7*64 + 1
    assert discriminator.count_params() == 160 + 8_224 + 32_832 + 36_928 + 3_137


def test_classic_preset_is_the_network_of_the_post(project_root):
    generator, discriminator = build(read_networks(project_root, "classic"), (28, 28, 1))
    shapes = [
        layer.output.shape[1:] for layer in generator.layers if layer.name.endswith(("map", "_activation")) and len(layer.output.shape) == 4
    ]
    assert shapes == [(7, 7, 256), (14, 14, 128), (28, 28, 64), (28, 28, 32)]
    assert generator.output_shape == (None, 28, 28, 1)
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size, layer.strides) for layer in convolutions] == [(64, (5, 5), (2, 2))] * 4
    assert [layer.rate for layer in discriminator.layers if isinstance(layer, keras.layers.Dropout)] == [0.5] * 4
    order = [type(layer).__name__ for layer in generator.layers]
    assert order[2:7] == ["Dense", "FusedBatchNormalization", "ReLU", "Reshape", "Dropout"]


@settings(max_examples=12)
@given(
    height=st.integers(2, 64),
    width=st.integers(2, 64),
    channels=st.sampled_from([1, 3]),
    upsampling=st.sampled_from(["nearest", "transposed"]),
)
def test_a_table_serves_every_multiple_of_what_it_doubles(height, width, channels, upsampling):
    kernel = 4 if upsampling == "transposed" else 3
    rows = [{"width": 2}, *[{"width": 2, "kernel_size": kernel, "double": True}] * 2]
    parameters = section(
        NetworksParameters,
        latent={"dimension": 3, "distribution": "normal"},
        generator=section(GeneratorParameters, stages=rows, upsampling=upsampling),
        discriminator=section(DiscriminatorParameters, stages=[{"width": 2, "kernel_size": 4, "halve": True}]),
    )
    shape = (4 * height, 4 * width, channels)
    generator, discriminator = build(parameters, shape)
    networks.check_pair(generator, discriminator)
    assert generator.output_shape == (None, *shape)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((7, 28, 1), "Got images of 7 × 28 pixels and 1 channels, expected 8 to 256 pixels a side, and 1 channel"),
        ((28, 260, 1), "Got images of 28 × 260 pixels"),
        ((28, 28, 2), "Got images of 28 × 28 pixels and 2 channels"),
    ],
)
def test_images_that_no_network_serves_are_refused_with_the_fix(networks_parameters, shape, message):
    with pytest.raises(DataError, match=f"{message}.*data.source"):
        build(networks_parameters, shape)


def test_a_table_that_does_not_fit_names_the_multiple(networks_parameters):
    with pytest.raises(ConfigurationError, match=r"30 × 28 pixels and networks\.generator\.stages .* 4 times .* expected multiples of 4"):
        build(networks_parameters, (30, 28, 1))


def test_a_transposed_block_is_a_transposed_convolution_of_stride_two(networks_parameters):
    rows = [{"width": 5}, {"width": 4, "kernel_size": 4, "double": True}, {"width": 3, "kernel_size": 3}]
    own = section(GeneratorParameters, stages=rows, upsampling="transposed")
    generator = networks.build_generator(own, networks_parameters.latent, (8, 8, 1))
    first, second = (generator.get_layer(f"stage_{number}_convolution") for number in (1, 2))
    assert (type(first).__name__, first.kernel_size, first.strides, first.use_bias) == ("Conv2DTranspose", (4, 4), (2, 2), False)
    assert type(second).__name__ == "SameConv2D"
    assert networks.instantiate(networks.architecture(generator), 0).output_shape == (None, 8, 8, 1)


def test_architecture_survives_json_and_keeps_outputs(architectures):
    first = networks.instantiate(json.loads(json.dumps(architectures[0])), seed=3)
    second = networks.instantiate(architectures[0], seed=3)
    latents = np.ones((2, 6), np.float32)
    np.testing.assert_array_equal(first(latents), second(latents))


def test_seeds_decide_the_weights_and_differ_between_layers(architectures):
    def kernels(seed):
        return [weight.numpy() for weight in networks.instantiate(architectures[0], seed).trainable_weights if "kernel" in weight.path]

    assert all(np.array_equal(*pair) for pair in zip(kernels(1), kernels(1), strict=True))
    assert not any(np.array_equal(*pair) for pair in zip(kernels(1), kernels(2), strict=True))
    flat = [kernel.ravel()[:3].tolist() for kernel in kernels(1)]
    assert len({tuple(values) for values in flat}) == len(flat)


@pytest.mark.parametrize(("activation", "expected"), [("sigmoid", (0.0, 1.0)), ("tanh", (-1.0, 1.0))])
def test_pixel_range_follows_the_output_activation(networks_parameters, activation, expected):
    parameters = networks_parameters.generator.model_copy(update={"output_activation": activation})
    generator = networks.build_generator(parameters, networks_parameters.latent, (8, 8, 1))
    assert networks.pixel_range(generator) == expected
    large = generator(1e6 * np.ones((4, 6), np.float32), training=False).numpy()
    assert large.min() >= expected[0]
    assert large.max() <= expected[1]


def test_layer_table_counts_every_weight_once(architectures):
    models = [networks.instantiate(described) for described in architectures]
    rows = networks.layer_table(models)
    assert sum(row["num_weights"] for row in rows) == sum(model.count_params() for model in models)
    assert {"network": "generator", "layer": "latent", "kind": "Latent", "output_shape": "6", "num_weights": 0} in rows


def test_a_pair_that_does_not_fit_is_refused(networks_parameters):
    generator = networks.build_generator(networks_parameters.generator, networks_parameters.latent, (8, 8, 1))
    discriminator = networks.build_discriminator(networks_parameters.discriminator, (12, 8, 1))
    with pytest.raises(ConfigurationError, match=r"\(8, 8, 1\).*\(12, 8, 1\)"):
        networks.check_pair(generator, discriminator)


def test_the_method_of_convolutions_is_set_where_it_is_known(architectures):
    model = networks.instantiate(architectures[0], precision="bfloat16", convolution="fourier")
    known = [layer for layer in model.layers if hasattr(layer, "method")]
    assert known
    assert {layer.method for layer in known} == {"fourier"}
    assert {layer.compute_dtype for layer in known} == {"bfloat16"}
    assert {layer.method for layer in networks.instantiate(architectures[0]).layers if hasattr(layer, "method")} == {"direct"}


def of_doubled(inputs):
    return inputs.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
def test_a_residual_row_of_the_generator_adds_what_comes_in(networks_parameters, upsampling):
    parameters = networks_parameters.generator.model_copy(update={"upsampling": upsampling, "residual": True})
    stage = GeneratorStage(width=4, kernel_size=4 if upsampling == "transposed" else 3, double=True)
    inputs = keras.Input((3, 2, 5))
    model = keras.Model(inputs, generator_block(inputs, stage, parameters, "row"))
    convolution = model.get_layer("row_convolution")
    convolution.kernel.assign(np.zeros(convolution.kernel.shape))
    features = np.random.default_rng(0).normal(size=(2, 3, 2, 5)).astype(np.float32)
    # what is normalised is nothing: max(0, 0 + shortcut), each pixel four times
    shortcut = features @ model.get_layer("row_shortcut").kernel.numpy()[0, 0]
    np.testing.assert_allclose(model(features), np.maximum(of_doubled(shortcut), 0), atol=1e-6)


def test_a_residual_row_of_the_discriminator_adds_the_mean_of_what_comes_in(networks_parameters):
    parameters = networks_parameters.discriminator.model_copy(update={"residual": True, "dropout": 0.0})
    stage = DiscriminatorStage(width=4, kernel_size=3, halve=True)
    inputs = keras.Input((4, 6, 5))
    model = keras.Model(inputs, discriminator_block(inputs, stage, parameters, False, "row"))
    convolution = model.get_layer("row_convolution")
    convolution.kernel.assign(np.zeros(convolution.kernel.shape))
    features = np.random.default_rng(0).normal(size=(2, 4, 6, 5)).astype(np.float32)
    # (0 + shortcut) / √2, of the means over blocks of 2 × 2
    means = features.reshape(2, 2, 2, 3, 2, 5).mean(axis=(2, 4))
    expected = means @ model.get_layer("row_shortcut").kernel.numpy()[0, 0] / np.sqrt(2)
    np.testing.assert_allclose(model(features), expected, atol=1e-6)


@settings(max_examples=8)
@given(height=st.integers(2, 40), width=st.integers(2, 40), is_spectral=st.booleans(), normalization=st.sampled_from(["none", "layer"]))
def test_residual_networks_serve_what_others_serve(height, width, is_spectral, normalization):
    rows = [{"width": 2}, *[{"width": 3, "kernel_size": 3, "double": True}] * 2]
    parameters = section(
        NetworksParameters,
        latent={"dimension": 2, "distribution": "normal"},
        generator=section(GeneratorParameters, stages=rows, output_kernel_size=3, residual=True),
        discriminator=section(
            DiscriminatorParameters,
            stages=[{"width": 2, "kernel_size": 3}, {"width": 3, "kernel_size": 3, "halve": True}],
            residual=True,
            spectral_normalization=is_spectral,
            normalization=normalization,
        ),
    )
    generator, discriminator = build(parameters, (4 * height, 4 * width, 3))
    networks.check_pair(generator, discriminator)
    names = [layer.name for layer in discriminator.layers]
    # pixels are not added, features are
    assert "stage_1_sum" not in names
    assert "stage_2_sum" in names
