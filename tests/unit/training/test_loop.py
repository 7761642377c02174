"""The loop reports every interval, continues exactly, and stops when it should."""

import os
import signal
import threading

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.training import OptimizerParameters
from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError, ConfigurationError, DivergenceError, TrainingInterruptedError
from ganflow.runtime.interruption import deferred_stop
from ganflow.training.loop import train


def without_timing(history):
    return {key: value for key, value in history.items() if key != "images_per_second"}


def test_reports_come_at_multiples_of_the_interval_and_at_the_end(whole):
    assert [report.step for report in whole] == [0, 3, 6, 8]
    assert whole[0].history is None
    assert [report.history["images_seen"] for report in whole[1:]] == [12, 24, 32]
    assert {report.samples.shape for report in whole} == {(4, 8, 8, 1)}
    assert all(report.history["images_per_second"] > 0 for report in whole[1:])


def check_resumed(images, architectures, parameters, whole):
    """The run after its report of step 3 once more, from the state in it."""
    resumed = list(train(ImageSet(images), *architectures, parameters, resume_from=whole[1].arrays))
    assert [report.step for report in resumed] == [6, 8]
    for one, other in zip(whole[2:], resumed, strict=True):
        assert without_timing(one.history) == without_timing(other.history)
        np.testing.assert_array_equal(one.samples, other.samples)
        for name in one.arrays:
            np.testing.assert_array_equal(one.arrays[name], other.arrays[name], err_msg=name)


def test_a_resumed_run_is_bit_identical(images, architectures, training_parameters, whole):
    check_resumed(images, architectures, training_parameters, whole)


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_resumed_run_is_bit_identical")
def test_a_resumed_run_with_fakes_for_each_update_is_bit_identical(images, architectures, training_parameters):
    parameters = training_parameters.model_copy(update={"share_fakes": False})
    check_resumed(images, architectures, parameters, list(train(ImageSet(images), *architectures, parameters)))


def test_the_interval_decides_neither_weights_nor_samples(images, architectures, training_parameters, whole):
    first, last = train(ImageSet(images), *architectures, training_parameters.model_copy(update={"interval": 8}))
    for name in last.arrays:
        np.testing.assert_array_equal(whole[-1].arrays[name], last.arrays[name], err_msg=name)
    # samples come from fixed latents and change with training
    np.testing.assert_array_equal(whole[0].samples, first.samples)
    np.testing.assert_array_equal(whole[-1].samples, last.samples)
    assert not np.array_equal(first.samples, whole[1].samples)


def test_divergence_names_step_and_values(images, architectures, training_parameters):
    wild = section(OptimizerParameters, name="rmsprop", learning_rate=1e30)
    parameters = training_parameters.model_copy(update={"generator_optimizer": wild, "discriminator_optimizer": wild})
    with pytest.raises(
        DivergenceError, match=r"at step [1-8]: discriminator_loss = .*generator_loss = .*learning_rate|not finite after step"
    ):
        list(train(ImageSet(images), *architectures, parameters))


def test_fewer_images_than_a_batch_are_refused(images, architectures, training_parameters):
    with pytest.raises(ConfigurationError, match=r"3 training images.*training\.batch_size = 4"):
        next(train(ImageSet(images[:3]), *architectures, training_parameters))


def test_a_foreign_state_is_refused(images, architectures, training_parameters):
    with pytest.raises(CheckpointError, match="does not fit"):
        next(train(ImageSet(images), *architectures, training_parameters, resume_from={"step": np.int64(3)}))


@pytest.mark.parametrize(
    ("number", "resume", "how"),
    [(signal.SIGINT, "auto", "same command again"), (signal.SIGTERM, "never", r"same command with training\.resume=auto")],
)
def test_a_signal_lets_the_interval_finish_and_the_run_says_how_to_continue(
    images, architectures, training_parameters, number, resume, how
):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    reports = train(ImageSet(images), *architectures, training_parameters.model_copy(update={"resume": resume}))
    seen = [next(reports).step, next(reports).step]
    os.kill(os.getpid(), number)
    with pytest.raises(TrainingInterruptedError, match=rf"{number.name} at step 3 of 8.*{how}"):
        seen.append(next(reports).step)
    assert seen == [0, 3]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


@pytest.fixture
def interruptible():
    """Python's own handler of SIGINT; a shell that starts something in the background has it ignored."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("interruptible")
def test_the_second_signal_acts_at_once():
    with deferred_stop() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.received is signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_other_threads_leave_the_handlers_alone():
    handler, seen = signal.getsignal(signal.SIGTERM), []

    def look():
        with deferred_stop() as stop:
            seen.append((signal.getsignal(signal.SIGTERM), stop.received))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [(handler, None)]
