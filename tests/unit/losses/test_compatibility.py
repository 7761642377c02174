"""Recipes that cannot work are refused with the reason; all others pass."""

import pytest

from base_parameters import section
from ganflow.config.networks import DiscriminatorParameters
from ganflow.config.training import GradientPenaltyParameters
from ganflow.errors import ConfigurationError
from ganflow.losses.adversarial import LOSSES
from ganflow.losses.compatibility import check_recipe, is_slope_bounded, slope_penalties


def discriminator(**changes):
    return section(DiscriminatorParameters, stages=[{"width": 4, "kernel_size": 3}], **changes)


def recipe(training_parameters, **changes):
    return training_parameters.model_copy(update={"r1_weight": 0.0} | changes)


def test_a_wasserstein_loss_without_bound_is_refused(training_parameters):
    with pytest.raises(ConfigurationError, match=r"'wasserstein' needs a discriminator with a bounded slope.*gradient_penalty"):
        check_recipe(recipe(training_parameters, loss="wasserstein"), discriminator())


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_spectral_normalization_bounds_nothing_beside_another_one(training_parameters, normalization):
    network = discriminator(spectral_normalization=True, normalization=normalization)
    with pytest.raises(ConfigurationError, match="spectral_normalization with its normalization 'none'"):
        check_recipe(recipe(training_parameters, loss="wasserstein"), network)


@pytest.mark.parametrize(
    ("changes", "network"),
    [
        ({"weight_clip": 0.01}, {}),
        ({"weight_clip": 0.01}, {"normalization": "batch"}),
        ({"gradient_penalty": GradientPenaltyParameters()}, {"normalization": "layer"}),
        ({"r1_weight": 1.0}, {}),
        ({}, {"spectral_normalization": True}),
    ],
)
def test_each_bound_will_do(training_parameters, changes, network):
    check_recipe(recipe(training_parameters, loss="wasserstein", **changes), discriminator(**network))


@pytest.mark.parametrize("name", ["r1_weight", "r2_weight", "gradient_penalty"])
def test_slopes_are_not_penalised_where_images_interact(training_parameters, name):
    value = GradientPenaltyParameters() if name == "gradient_penalty" else 1.0
    with pytest.raises(ConfigurationError, match=rf"training\.{name} is set, but .*normalization is 'batch'.*'layer' or 'none'"):
        check_recipe(recipe(training_parameters, **{name: value}), discriminator(normalization="batch"))


@pytest.mark.parametrize("name", LOSSES)
def test_any_loss_goes_with_any_penalty(training_parameters, name):
    for penalty in ({"r1_weight": 1.0}, {"r2_weight": 1.0}, {"gradient_penalty": GradientPenaltyParameters(points="around")}):
        check_recipe(recipe(training_parameters, loss=name, **penalty), discriminator())


def test_unknown_losses_and_impossible_smoothing_are_refused_here_too(training_parameters):
    with pytest.raises(ConfigurationError, match="Unknown loss"):
        check_recipe(recipe(training_parameters, loss="magic"), discriminator())
    with pytest.raises(ConfigurationError, match="no labels"):
        check_recipe(recipe(training_parameters, loss="hinge", label_smoothing=0.1), discriminator())


def test_penalties_in_use_are_listed_by_the_parameter_that_holds_their_weight(training_parameters):
    assert slope_penalties(recipe(training_parameters)) == {}
    changes = {"r1_weight": 1.0, "r2_weight": 2.0, "gradient_penalty": GradientPenaltyParameters(weight=3.0)}
    assert slope_penalties(recipe(training_parameters, **changes)) == {
        "training.r1_weight": 1.0,
        "training.r2_weight": 2.0,
        "training.gradient_penalty.weight": 3.0,
    }


@pytest.mark.parametrize(
    ("changes", "is_spectral", "is_normalised", "expected"),
    [
        ({}, False, False, False),
        ({}, True, False, True),
        ({}, True, True, False),
        ({"weight_clip": 0.01}, False, True, True),
        ({"r2_weight": 1.0}, False, True, True),
    ],
)
def test_penalties_clipping_and_spectral_normalization_alone_bound_the_slope(
    training_parameters, changes, is_spectral, is_normalised, expected
):
    assert is_slope_bounded(recipe(training_parameters, **changes), is_spectral, is_normalised) == expected
