"""A state copied out and put back is the same state."""

import numpy as np
import pytest

from ganflow.errors import CheckpointError, DivergenceError
from ganflow.training.state import average_generator, create_state


def test_arrays_name_every_variable_once(architectures, training_parameters):
    state = create_state(*architectures, training_parameters)
    names = [name for name, _ in state.variables()]
    assert len(names) == len(set(names))
    # weights, moments, seed generators and counters: all that Keras and TensorFlow keep
    parts = (state.generator, state.discriminator, state.average_generator, state.generator_optimizer, state.discriminator_optimizer)
    assert len(names) == 1 + sum(len(part.variables) for part in parts)
    assert any("seed_generator_state" in name for name in names)
    assert any("velocity" in name for name in names)


def test_restore_undoes_any_change(architectures, training_parameters):
    state, other = (
        create_state(*architectures, training_parameters),
        create_state(*architectures, training_parameters.model_copy(update={"seed": 1})),
    )
    other.step.assign(17)
    state.restore(other.arrays())
    for name, array in state.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name], err_msg=name)


def test_the_seed_decides_the_initial_state(architectures, training_parameters):
    first, again = (create_state(*architectures, training_parameters).arrays() for _ in range(2))
    other = create_state(*architectures, training_parameters.model_copy(update={"seed": 1})).arrays()
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["generator/projection/kernel"], other["generator/projection/kernel"])


@pytest.mark.parametrize("damage", ["missing", "unknown", "shape"])
def test_foreign_arrays_change_nothing(architectures, training_parameters, damage):
    state = create_state(*architectures, training_parameters)
    before = state.arrays()
    foreign = {name: array + 1 for name, array in before.items()}
    if damage == "missing":
        del foreign["discriminator/logit/kernel"]
    elif damage == "unknown":
        foreign["discriminator/extra"] = np.zeros(3)
    else:
        foreign["discriminator/logit/kernel"] = np.zeros((1, 1))
    with pytest.raises(CheckpointError, match=r"does not fit.*discriminator/(logit/kernel|extra).*training\.resume=never"):
        state.restore(foreign)
    after = state.arrays()
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_weights_that_are_not_finite_are_named(architectures, training_parameters):
    state = create_state(*architectures, training_parameters)
    state.step.assign(41)
    weight = state.discriminator.get_layer("logit").kernel
    weight.assign(weight * np.nan)
    with pytest.raises(DivergenceError, match="after step 41: discriminator/logit/kernel"):
        state.arrays()


def test_the_averaged_generator_comes_out_of_a_checkpoint(architectures, training_parameters):
    state = create_state(*architectures, training_parameters)
    for variable in state.average_generator.weights:
        variable.assign(np.abs(np.random.default_rng(0).normal(size=variable.shape)) + 0.1)
    exported = average_generator(architectures[0], state.arrays())
    latents = np.ones((3, 6), np.float32)
    np.testing.assert_array_equal(exported(latents, training=False), state.average_generator(latents, training=False))
    with pytest.raises(CheckpointError, match="lacks 'average_generator/"):
        average_generator(architectures[0], {})
