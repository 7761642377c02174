"""What a training takes, before it has begun."""

import pytest

from ganflow.networks import build_pair, instantiate
from ganflow.networks.cost import count_operations
from ganflow.training import estimate as module
from ganflow.training.estimate import Estimate, estimate, foretell, step_operations


@pytest.fixture
def slow(monkeypatch):
    """A machine of 1 GFLOP/s, without accelerators."""
    monkeypatch.setattr(module, "_matrix_rate", lambda: 1e9)
    monkeypatch.setattr(module.tf.config, "list_physical_devices", lambda kind: [])


def test_operations_of_a_step_by_hand(training_parameters):
    # two passes and their ways back of the discriminator, one of the generator, and the way back through the discriminator's inputs
    plain = training_parameters.model_copy(update={"r1_weight": 0.0, "r1_every": 1, "share_fakes": True, "discriminator_steps": 1})
    assert step_operations(100, 10, plain) == 6 * 10 + 2 * 10 + 3 * 100
    # R1: three more; fakes of their own for the discriminator: another pass of the generator
    assert step_operations(100, 10, plain.model_copy(update={"r1_weight": 1.0, "share_fakes": False})) == 9 * 10 + 100 + 2 * 10 + 3 * 100
    # five updates of the discriminator
    # of four updates one has it: 6 and a quarter of 3
    every = plain.model_copy(update={"r1_weight": 1.0, "r1_every": 4})
    assert step_operations(100, 10, every) == 6.75 * 10 + 2 * 10 + 3 * 100
    assert step_operations(100, 10, plain.model_copy(update={"discriminator_steps": 5})) == 5 * 60 + 20 + 300


def test_the_time_is_that_of_all_steps(slow, networks_parameters, training_parameters):
    pair = build_pair(networks_parameters, (28, 28, 1))
    generator, discriminator = (count_operations(instantiate(part)) for part in pair)
    training = training_parameters.model_copy(update={"num_steps": 10, "batch_size": 4})
    wanted = 10 * 4 * step_operations(generator, discriminator, training) / (module._RATIO * 1e9)
    assert estimate(*pair, training).seconds == pytest.approx(wanted)


def test_nothing_is_foretold_of_the_time_on_an_accelerator(monkeypatch, networks_parameters, training_parameters):
    monkeypatch.setattr(module.tf.config, "list_physical_devices", lambda kind: ["GPU:0"])
    foreseen = estimate(*build_pair(networks_parameters, (28, 28, 1)), training_parameters)
    assert foreseen.seconds is None
    assert foretell(foreseen, 10, 10**12).startswith("Checkpoints take ")


def test_what_is_said_before_a_training():
    text = foretell(Estimate(5_400.0, 250_000_000), 10_000, 10**12)
    assert text == "10000 steps take about 90 min here. Checkpoints take 250 MB of disk, of which 1000.0 GB are free."
    assert foretell(Estimate(1.0, 600), 1, 1_000).endswith(" Make room.")


def test_a_machine_multiplies_at_some_rate():
    assert 1e8 < module._matrix_rate() < 1e15
