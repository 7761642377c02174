"""What a study refuses before it trains anything."""

import pytest

from base_parameters import section
from ganflow.config.networks import NetworksParameters
from ganflow.config.seed_study import SeedStudyParameters
from ganflow.errors import ConfigurationError
from ganflow.pipelines.seed_study.nodes import plan_study, train_study

NO_IMAGES = {"row": {}}


@pytest.fixture
def plan(labelled, fingerprint, networks_parameters, training_parameters):
    """Function that plans two seeds of recipes, {name: what they change in training}."""

    def make(**recipes):
        networks = NetworksParameters.model_validate(networks_parameters.model_dump())
        sections = {
            name: (lambda changes=changes: {"networks": networks.model_dump(), "training": training_parameters.model_dump() | changes})
            for name, changes in recipes.items()
        }
        study = section(SeedStudyParameters, num_seeds=2, recipes=tuple(recipes), num_steps=None)
        return plan_study(labelled, fingerprint, sections, networks, training_parameters, study)

    return make


def test_recipes_take_turns(plan):
    runs = plan(one={}, other={"loss": "hinge"}).values()
    assert [(run.recipe, run.seed) for run in runs] == [("one", 0), ("other", 0), ("one", 1), ("other", 1)]


def test_two_names_for_one_run_are_refused(plan):
    with pytest.raises(ConfigurationError, match="The recipes 'one' and 'longer' are one and the same run.*num_steps"):
        plan(one={}, longer={"num_steps": 80})


def test_a_run_that_is_longer_already_is_refused_before_any_is_trained(labelled, plan, training_parameters):
    runs = plan(one={})
    last = list(runs)[-1]
    earlier = {last: {training_parameters.num_steps + 1: None}}
    with pytest.raises(ConfigurationError, match=r"'one' with seed 1 has been trained for 9 steps already.*num_steps to at least 9"):
        next(train_study(labelled, runs, earlier, {}, NO_IMAGES, None))
