"""Settings that the table of problems warns of."""

import copy

import pytest

from base_parameters import section
from ganflow import networks
from ganflow.config.networks import GeneratorParameters
from ganflow.config.training import DiscriminatorWarmup, LearningRateDecay
from ganflow.doctor.advice import examine_settings

REAL = {"brightest": 1.0}


def examine(architectures, parameters, real=REAL):
    return examine_settings(*architectures, parameters, real)


def found(architectures, parameters, real=REAL):
    return [finding.name for finding in examine(architectures, parameters, real)]


@pytest.fixture
def usual(networks_parameters):
    """Architectures with dropout as usual."""
    parts = [part.model_copy(update={"dropout": 0.4}) for part in (networks_parameters.generator, networks_parameters.discriminator)]
    return (
        networks.architecture(networks.build_generator(parts[0], networks_parameters.latent, (8, 8, 1))),
        networks.architecture(networks.build_discriminator(parts[1].model_copy(update={"normalization": "layer"}), (8, 8, 1))),
    )


def changed(described, change):
    result = copy.deepcopy(described)
    change(result["config"]["layers"])
    return result


def test_usual_settings_need_no_advice(usual, without_dropout, training_parameters):
    assert found(usual, training_parameters) == []
    assert found(without_dropout, training_parameters) == []


def test_a_transposed_convolution_begins_a_new_block(usual, networks_parameters, training_parameters):
    rows = [{"width": 5}, *[{"width": 4, "kernel_size": 4, "double": True}] * 2]
    parameters = section(GeneratorParameters, stages=rows, upsampling="transposed", dropout=0.4)
    generator = networks.architecture(networks.build_generator(parameters, networks_parameters.latent, (8, 8, 1)))
    assert "Conv2DTranspose" in [layer["class_name"] for layer in generator["config"]["layers"]]
    assert found((generator, usual[1]), training_parameters) == []


def test_unusual_dropout_is_named_with_its_network(architectures, training_parameters):
    first, second = examine(architectures, training_parameters)
    assert (first.name, second.name, first.severity) == ("dropout", "dropout", "advice")
    assert "networks.generator.dropout" in first.remedy
    assert "networks.discriminator.dropout" in second.remedy


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"r1_weight": 0.0}, ["learning_rates"]),
        ({"r1_weight": 0.0, "discriminator_steps": 2}, []),
        ({"r1_weight": 0.0, "weight_clip": 0.1}, []),
        ({"r1_weight": 1.0}, []),
    ],
)
def test_equal_rates_are_named_where_nothing_bounds_the_slope(usual, training_parameters, changes, expected):
    assert found(usual, training_parameters.model_copy(update=changes)) == expected


def test_a_faster_discriminator_is_as_the_post_wants_it(usual, training_parameters):
    faster = training_parameters.discriminator_optimizer.model_copy(update={"learning_rate": 2e-3})
    assert found(usual, training_parameters.model_copy(update={"r1_weight": 0.0, "discriminator_optimizer": faster})) == []


@pytest.mark.parametrize(("normalization", "expected"), [("none", []), ("layer", ["learning_rates"]), ("batch", ["learning_rates"])])
def test_spectral_normalization_alone_bounds_the_slope(usual, networks_parameters, training_parameters, normalization, expected):
    changes = {"spectral_normalization": True, "dropout": 0.0, "normalization": normalization}
    part = networks_parameters.discriminator.model_copy(update=changes)
    spectral = networks.architecture(networks.build_discriminator(part, (8, 8, 1)))
    assert found((usual[0], spectral), training_parameters.model_copy(update={"r1_weight": 0.0})) == expected


@pytest.mark.parametrize(
    ("num_steps", "discriminator_steps", "expected"),
    [
        # the decay is 20 updates long
        (20, 1, []),
        (21, 1, ["generator", "discriminator"]),
        (20, 5, ["discriminator"]),
    ],
)
def test_a_rate_that_falls_to_0_too_soon_is_named(usual, training_parameters, num_steps, discriminator_steps, expected):
    parameters = training_parameters.model_copy(update={"num_steps": num_steps, "discriminator_steps": discriminator_steps})
    findings = examine(usual, parameters)
    assert [finding.name for finding in findings] == ["learning_rate_ends"] * len(expected)
    assert [finding.evidence.split("'")[0] for finding in findings] == [f"the {role}" for role in expected]


def test_the_published_warm_up_counts_as_updates_too(usual, training_parameters):
    # 25 steps of 100 updates, then 75 of 5, but for the one at 500: 2500 + 375 = 2875
    decay = LearningRateDecay(schedule="linear", num_steps=2874)
    optimizer = training_parameters.discriminator_optimizer.model_copy(update={"decay": decay})
    changes = {
        "num_steps": 100,
        "discriminator_steps": 5,
        "discriminator_warmup": DiscriminatorWarmup(),
        "discriminator_optimizer": optimizer,
    }
    steady = training_parameters.generator_optimizer.model_copy(update={"decay": None})
    (finding,) = examine(usual, training_parameters.model_copy(update=changes | {"generator_optimizer": steady}))
    assert finding.evidence == "the discriminator's learning rate is 0 after 2874 of its 2875 updates"


def test_no_penalty_is_advised_where_batch_normalization_forbids_it(usual, networks_parameters, training_parameters):
    part = networks_parameters.discriminator.model_copy(update={"normalization": "batch", "dropout": 0.0})
    normalised = networks.architecture(networks.build_discriminator(part, (8, 8, 1)))
    plain = training_parameters.model_copy(update={"r1_weight": 0.0})
    assert "r1_weight" in examine(usual, plain)[0].remedy
    assert "r1_weight" not in examine((usual[0], normalised), plain)[0].remedy


@pytest.mark.parametrize(("normalization", "expected"), [("none", False), ("layer", False), ("batch", True)])
def test_a_network_and_its_description_agree_on_whether_images_interact(networks_parameters, normalization, expected):
    part = networks_parameters.discriminator.model_copy(update={"normalization": normalization})
    model = networks.build_discriminator(part, (8, 8, 1))
    assert networks.normalises_batches(model) == networks.normalises_batches(networks.architecture(model)) == expected


def position(layers, name):
    return next(number for number, layer in enumerate(layers) if layer["config"]["name"] == name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stage_2_normalization", "stage_2_activation"),
        ("stage_2_activation", "stage_2_dropout"),
        ("stage_2_normalization", "stage_2_dropout"),
    ],
)
def test_layers_in_the_wrong_order_are_read_from_the_network(usual, training_parameters, one, other):
    def swap(layers):
        first, second = position(layers, one), position(layers, other)
        layers[first], layers[second] = layers[second], layers[first]

    discriminator = changed(usual[1], swap)
    findings = examine((usual[0], discriminator), training_parameters)
    assert findings
    assert {finding.name for finding in findings} == {"layer_order"}
    assert any(f"'{one}' comes after" in finding.evidence for finding in findings)


def test_a_generator_without_normalization_is_named(usual, training_parameters):
    def strip(layers):
        layers[:] = [layer for layer in layers if "Normalization" not in layer["class_name"]]

    assert found((changed(usual[0], strip), usual[1]), training_parameters) == ["missing_normalization"]


def test_pixels_and_output_have_to_be_on_one_scale(usual, training_parameters):
    def relu(layers):
        layers[-1]["config"]["activation"] = "relu"

    (finding,) = examine((changed(usual[0], relu), usual[1]), training_parameters)
    assert (finding.name, finding.severity) == ("pixel_range", "serious")
    assert "'relu'" in finding.evidence
    # images of 0 and 1 that were taken for 0 to 255
    (finding,) = examine(usual, training_parameters, {"brightest": 1 / 255})
    assert "brightest pixel of the training images is 1; 255 is expected" in finding.evidence
