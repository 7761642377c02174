"""From which seed and from which networks a challenger is trained."""

import numpy as np
import pytest
from champions import champion, reason

from base_parameters import section
from ganflow.champion.challenger import find_initial_state, plan_training
from ganflow.config.retraining import RetrainingParameters
from ganflow.errors import ConfigurationError


def test_every_attempt_has_a_seed_of_its_own_and_can_be_continued(training_parameters):
    planned = [plan_training(training_parameters, reason(attempt)) for attempt in (0, 1)]
    assert [plan.seed for plan in planned] == [training_parameters.seed, training_parameters.seed + 1]
    last = training_parameters.model_copy(update={"seed": 2**31 - 1, "resume": "never"})
    assert (plan_training(last, reason(2)).seed, plan_training(last, reason(2)).resume) == (1, "auto")


def series(run_id, steps):
    def load(step):
        arrays = {
            "generator/a": np.full(2, step),
            "discriminator/b": np.zeros(1),
            "generator_optimizer/a": np.ones(1),
            "step": np.array(step),
        }
        return {"arrays": arrays, "metadata": {"run_id": run_id, "step": step}}

    return {run_id: {step: (lambda step=step: load(step)) for step in steps}}


def test_a_warm_start_takes_the_networks_of_the_champions_newest_checkpoint():
    warm = section(RetrainingParameters, warm_start=True)
    state = find_initial_state(champion(), series("r", (5, 10)), reason(name="new_data"), warm)
    assert state["metadata"] == {"run_id": "r", "step": 10}
    assert set(state["arrays"]) == {"generator/a", "discriminator/b"}
    assert state["arrays"]["generator/a"].tolist() == [10, 10]
    assert find_initial_state(champion(), series("r", (5,)), reason(name="new_data"), section(RetrainingParameters)) == {}
    with pytest.raises(ConfigurationError, match="run r has no checkpoint any more. Set retraining.warm_start=false"):
        find_initial_state(champion(), series("other", (5,)), reason(name="new_data"), warm)


@pytest.mark.parametrize("name", ["champion_missing", "unfinished_promotion"])
def test_without_a_champion_every_start_is_cold(name):
    assert find_initial_state(None, {}, reason(name=name), section(RetrainingParameters, warm_start=True)) == {}
