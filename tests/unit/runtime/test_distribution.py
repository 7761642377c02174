"""Replicas that share a batch train like one device; what cannot be shared is refused."""

import json

import numpy as np
import pytest
import tensorflow as tf

from base_parameters import section
from ganflow.config.training import OptimizerParameters
from ganflow.data.images import ImageSet
from ganflow.errors import ConfigurationError, WorkerDriftError, WorkerLostError
from ganflow.runtime import distribution
from ganflow.runtime.devices import choices
from ganflow.runtime.distribution import (
    build_strategy,
    check_same_weights,
    from_chief,
    lost_worker_errors,
    on_any_worker,
    own_share,
)
from ganflow.runtime.hashing import hash_named_arrays
from ganflow.training.agreement import agree_on_start
from ganflow.training.identity import Start
from ganflow.training.loop import train

RMSPROP = section(OptimizerParameters, name="rmsprop", learning_rate=1e-3, clip_value=0.01)
# epsilon keeps Adam from turning the rounding of tiny gradients into whole steps
ADAM = section(OptimizerParameters, name="adam", learning_rate=1e-3, epsilon=0.1)
LONGER = pytest.mark.longer(twin="tests/unit/runtime/test_distribution.py::test_two_replicas_take_the_steps_of_one_device")


def plain_steps(parameters, optimizer, **changes):
    changes |= {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    return parameters.model_copy(update=changes | {"precision": "float32", "jit": "off", "interval": 1, "r1_weight": 1.0})


def on_devices(kind, images, architectures, parameters, start=None):
    return list(train(ImageSet(images), *architectures, parameters.model_copy(update={"distribution": kind}), start))


def check_same_end(two, one):
    assert two[-1].step == one[-1].step
    assert two[-1].arrays.keys() == one[-1].arrays.keys()
    for name, array in one[-1].arrays.items():
        np.testing.assert_allclose(two[-1].arrays[name], array, rtol=2e-3, atol=2e-5, err_msg=name)
    for name in ("discriminator_loss", "generator_loss", "penalty", "discriminator_accuracy"):
        assert two[-1].history[name] == pytest.approx(one[-1].history[name], rel=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "share_fakes"),
    [
        pytest.param(RMSPROP, True, id="clipped, shared"),
        pytest.param(RMSPROP, False, id="clipped, own", marks=LONGER),
        pytest.param(ADAM, True, id="plain, shared", marks=LONGER),
        pytest.param(ADAM, False, id="plain, own", marks=LONGER),
    ],
)
def test_two_replicas_take_the_steps_of_one_device(images, without_dropout, training_parameters, optimizer, share_fakes):
    parameters = plain_steps(training_parameters, optimizer, share_fakes=share_fakes, num_steps=3)
    assert build_strategy("mirrored").num_replicas_in_sync == 2
    one, two = (on_devices(kind, images, without_dropout, parameters) for kind in ("single", "mirrored"))
    check_same_end(two, one)


@LONGER
def test_a_run_continues_on_another_number_of_devices(wide, training_parameters):
    # each of two replicas gets as many images as are worth the transform of a kernel: so Fourier coefficients are the same on both, too
    images = np.random.default_rng(0).integers(0, 256, (128, 8, 8, 1), dtype=np.uint8)
    parameters = plain_steps(training_parameters, ADAM, share_fakes=False, num_steps=2, batch_size=128, convolution="fourier")
    one = on_devices("single", images, wide, parameters)
    check_same_end(on_devices("mirrored", images, wide, parameters, one[1].arrays), one)
    assert parameters.model_copy(update={"distribution": "mirrored"}).identity() == parameters.identity()


def test_each_replica_takes_its_own_share():
    strategy = build_strategy("mirrored")
    shares = strategy.experimental_local_results(strategy.run(tf.function(lambda: own_share(tf.range(6)))))
    assert [share.numpy().tolist() for share in shares] == [[0, 1, 2], [3, 4, 5]]
    assert own_share(tf.range(6)).numpy().tolist() == [0, 1, 2, 3, 4, 5]


def cluster_of(monkeypatch, num, index=0):
    addresses = [f"host-{number}:1" for number in range(num)]
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}))


def settled(parameters, **changes):
    return {name: choice.value for name, choice in choices(parameters.model_copy(update=changes)).items()}


def test_auto_takes_what_there_is(monkeypatch, training_parameters):
    cluster_of(monkeypatch, 2)
    found = choices(training_parameters)
    assert (found["distribution"].value, found["distribution"].reason) == ("multi_worker", "worker 0 of 2")
    assert found["jit"].value == "off"


def test_a_batch_that_the_replicas_cannot_share_is_refused(monkeypatch, training_parameters):
    cluster_of(monkeypatch, 3)
    with pytest.raises(ConfigurationError, match=r"batch_size = 4 cannot be shared by 3 replicas.*a multiple of 3"):
        choices(training_parameters)
    monkeypatch.delenv("TF_CONFIG")
    with pytest.raises(ConfigurationError, match=r"batch_size = 5 cannot be shared by 2 replicas"):
        settled(training_parameters, distribution="mirrored", batch_size=5)


@pytest.mark.parametrize("wish", ["single", "mirrored"])
def test_a_cluster_without_use_is_refused(monkeypatch, training_parameters, wish):
    cluster_of(monkeypatch, 2)
    with pytest.raises(ConfigurationError, match=rf"'{wish}', but TF_CONFIG names 2 workers.*unset TF_CONFIG"):
        settled(training_parameters, distribution=wish)


def test_workers_without_a_cluster_are_refused(monkeypatch, training_parameters):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ConfigurationError, match=r"'multi_worker', but TF_CONFIG is not set"):
        settled(training_parameters, distribution="multi_worker")


def test_a_malformed_cluster_is_refused(monkeypatch, training_parameters):
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(ConfigurationError, match="TF_CONFIG is not JSON"):
        settled(training_parameters)


def test_xla_across_replicas_is_refused(training_parameters):
    with pytest.raises(ConfigurationError, match=r"'on', but 2 replicas"):
        settled(training_parameters, distribution="mirrored", jit="on")


def test_alone_nothing_is_asked_of_others():
    alone = build_strategy("single")
    assert from_chief(alone, b"abc") == b"abc"
    assert (on_any_worker(alone, True), on_any_worker(alone, False)) == (True, False)
    assert agree_on_start(alone, lambda: Start(None, is_finished=True)).is_finished


def lose_a_peer():
    raise tf.errors.UnavailableError(None, None, "in step\nCollective ops is aborted by: Socket closed\nmore")


def test_a_worker_that_has_drifted_from_the_chief_says_so(monkeypatch):
    cluster_of(monkeypatch, 2, index=1)
    monkeypatch.setattr(distribution, "has_peers", lambda _: True)
    arrays = {"kernel": np.zeros(3, np.float32)}
    chiefs = bytes.fromhex(hash_named_arrays(arrays))
    monkeypatch.setattr(distribution, "from_chief", lambda *_: chiefs)
    check_same_weights(None, arrays, 7)
    with pytest.raises(WorkerDriftError, match="After step 7 the state of worker 1 is .* they have drifted apart"):
        check_same_weights(None, {"kernel": np.ones(3, np.float32)}, 7)


def test_a_lost_worker_is_explained(monkeypatch):
    monkeypatch.setattr(distribution, "has_peers", lambda strategy: True)
    with (
        pytest.raises(WorkerLostError, match=r"until step 30.*start all workers again.*aborted by: Socket closed$"),
        lost_worker_errors(None, 30),
    ):
        lose_a_peer()
    with pytest.raises(WorkerLostError, match="nothing was trained yet"), lost_worker_errors(None):
        lose_a_peer()


def test_other_errors_stay_what_they_are():
    with pytest.raises(tf.errors.UnavailableError), lost_worker_errors(build_strategy("single"), 30):
        lose_a_peer()
