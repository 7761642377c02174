"""The training loop: many compiled steps, then one report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.data.images import ImageSet
from ganflow.errors import ConfigurationError, DivergenceError, TrainingInterruptedError
from ganflow.losses.adversarial import find_loss
from ganflow.networks import Architecture, draw_sheet_inputs, pixel_range, to_pixels
from ganflow.runtime.devices import settle
from ganflow.runtime.distribution import (
    build_strategy,
    check_same_weights,
    has_peers,
    lost_worker_errors,
    on_any_worker,
    state_from_chief,
)
from ganflow.runtime.interruption import StopRequest, deferred_stop
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch, Feed, build_feed
from ganflow.training.schedule import DiscriminatorSchedule, discriminator_schedule
from ganflow.training.state import DIVERGENCE_REMEDY, TrainingState, create_state
from ganflow.training.step import METRICS, TrainingStep


@dataclass(frozen=True)
class Report:
    """What one interval of training leaves behind.

    Attributes:
        step: reached.
        arrays: the whole state, by name.
        samples: (num, H, W, C) uint8, from fixed inputs and the averaged generator.
        history: one row: step, images seen, mean of each metric over the interval, rate; None before the first step.
    """

    step: int
    arrays: dict[str, np.ndarray]
    samples: np.ndarray
    history: dict[str, Any] | None


def train(
    images: ImageSet,
    generator: Architecture,
    discriminator: Architecture,
    parameters: TrainingParameters,
    resume_from: dict[str, np.ndarray] | None = None,
    initial_networks: dict[str, np.ndarray] | None = None,
) -> Iterator[Report]:
    """Train, yielding a report at step 0 and after every interval; the state is saved by whoever consumes the reports.

    Args:
        images: to train on.
        generator: architecture.
        discriminator: architecture.
        parameters: of training.
        resume_from: a state to continue from; None starts anew. Of several workers, the chief's counts.
        initial_networks: the part of another run's state that `network_arrays` takes, to start anew with; None for fresh weights.

    Raises:
        ConfigurationError: if there are fewer images than a batch, the loss is unknown, or the initial networks are of other architectures.
        DivergenceError: at the first loss or weight that is not finite; the report that would hold it is not yielded.
        TrainingInterruptedError: after SIGINT or SIGTERM to any worker, once the interval's report has been consumed.
        WorkerLostError: if another worker ends.
    """
    check_batch_size(len(images), parameters)
    settled = settle(parameters)
    strategy = build_strategy(settled.distribution)
    with strategy.scope():
        state = create_state(generator, discriminator, settled)
    _begin(state, strategy, resume_from, initial_networks)
    run_steps = _compile(images, state, settled, strategy)
    inputs = draw_sheet_inputs(state.average_generator, parameters.sheet_columns, Draws(parameters.seed).at(0, "inputs of sheets"))
    with deferred_stop() as stop:
        if state.reached == 0:
            yield _report(state, inputs, None)
        while (start := state.reached) < parameters.num_steps:
            num_steps = min(parameters.interval - start % parameters.interval, parameters.num_steps - start)
            with lost_worker_errors(strategy, start):
                history = _run_interval(state, run_steps, num_steps, parameters)
                report = _report(state, inputs, history)
                check_same_weights(strategy, report.arrays, report.step)
            yield report
            with lost_worker_errors(strategy, state.reached):
                shall_stop = on_any_worker(strategy, bool(stop))
            if shall_stop:
                raise _interruption(stop, state.reached, parameters)


def _begin(
    state: TrainingState,
    strategy: tf.distribute.Strategy,
    resume_from: dict[str, np.ndarray] | None,
    initial_networks: dict[str, np.ndarray] | None,
) -> None:
    """Put the state where training begins, the chief's on every worker."""
    if resume_from is not None:
        state.restore(resume_from)
    elif initial_networks:
        state.adopt(initial_networks)
    if has_peers(strategy):
        with lost_worker_errors(strategy, state.reached):
            state.restore(state_from_chief(strategy, state.arrays()))


def _compile(
    images: ImageSet, state: TrainingState, settled: TrainingParameters, strategy: tf.distribute.Strategy
) -> Callable[[int], tf.Tensor]:
    """Compile the steps of a run that go on from its state."""
    step = TrainingStep(state, find_loss(settled.loss, settled.label_smoothing), settled)
    schedule = discriminator_schedule(settled)
    first = int(schedule.before(state.reached))
    jit = settled.jit == "on"
    feed = build_feed(images, settled.batch_size, Draws(settled.seed), first, settled.device_data_mib * 2**20, jit)
    return compile_steps(step, feed, schedule, strategy, jit)


def _interruption(stop: StopRequest, step: int, parameters: TrainingParameters) -> TrainingInterruptedError:
    by = stop.received.name if stop.received else "a signal to another worker"
    how = "with training.resume=auto" if parameters.resume == "never" else "again"
    return TrainingInterruptedError(
        f"Stopped by {by} at step {step} of {parameters.num_steps}; all of it is saved. Run the same command {how} to continue."
    )


def check_batch_size(num_images: int, parameters: TrainingParameters) -> None:
    """Raise ConfigurationError if there are fewer images than a batch."""
    if num_images < parameters.batch_size:
        raise ConfigurationError(
            f"There are {num_images} training images, fewer than training.batch_size = {parameters.batch_size}. "
            "Lower the batch size or choose a larger data.source."
        )


def compile_steps(
    step: TrainingStep,
    feed: Feed,
    schedule: DiscriminatorSchedule | None = None,
    strategy: tf.distribute.Strategy | None = None,
    jit: bool = False,
) -> Callable[[int], tf.Tensor]:
    """Compile a step into one call that takes many.

    Args:
        step: what is repeated.
        feed: the batches, one for each update of the discriminator.
        schedule: of those updates; None for one in each step.
        strategy: whose replicas share each batch; None for a single device.
        jit: whether XLA compiles: all of it where the images are on the device, so that nothing waits for the host between the first
            step and the last; otherwise the step alone.

    Returns:
        A function from a number of steps to their metrics, (num_steps, len(METRICS)) float32. The plain graph is there already, so the
        first call is as fast as the others; XLA compiles at the first call with each number of steps.
    """
    schedule, strategy = schedule or DiscriminatorSchedule(), strategy or build_strategy("single")
    update_discriminator, update_both = step.update_discriminator, step.update_both
    if jit and not feed.is_compilable:
        update_discriminator, update_both = (
            tf.function(update, jit_compile=True, autograph=False) for update in (update_discriminator, update_both)
        )
    steps = _Steps(step.state, update_discriminator, update_both, feed, schedule, strategy)
    if jit and feed.is_compilable:
        # for XLA the number of steps is part of the program
        return tf.function(steps.take, jit_compile=True, autograph=False)
    take_any = tf.function(steps.take, input_signature=[tf.TensorSpec((), tf.int32)], autograph=False)
    take_any(tf.constant(0))
    return lambda num_steps: take_any(tf.constant(num_steps))


@dataclass(frozen=True)
class _Steps:
    """Step after step, as one graph.

    The loops are TensorFlow's own: AutoGraph, which makes them of Python's, takes longer than tracing, and does not know Python 3.13.
    """

    state: TrainingState
    update_discriminator: Callable[[Batch, tf.Tensor], None]
    update_both: Callable[[Batch, tf.Tensor], tf.Tensor]
    feed: Feed
    schedule: DiscriminatorSchedule
    strategy: tf.distribute.Strategy

    def take(self, num_steps: tf.Tensor | int) -> tf.Tensor:
        """Take many steps; return their metrics, (num_steps, len(METRICS)) float32."""
        metrics = tf.TensorArray(tf.float32, size=num_steps, element_shape=(len(METRICS),))
        _, metrics = tf.while_loop(
            lambda index, _: index < num_steps,
            lambda index, metrics: (index + 1, metrics.write(index, self._take_one())),
            (tf.constant(0), metrics),
        )
        return metrics.stack()

    def _take_one(self) -> tf.Tensor:
        number = self._update_discriminator_alone(self.schedule.before(self.state.step))
        metrics = self.strategy.run(self.update_both, args=(self.feed.batch(number), number))
        return self.strategy.reduce(tf.distribute.ReduceOp.MEAN, metrics, axis=None)

    def _update_discriminator_alone(self, number: tf.Tensor) -> tf.Tensor:
        """All updates of a step but the last, which the generator shares; return that one's number."""
        schedule = self.schedule
        if schedule.has_long_steps:
            last = number + schedule.at(self.state.step) - 1
            (number,) = tf.while_loop(lambda at: at < last, lambda at: (self._update_once(at),), (number,))
        elif schedule.updates > 1:
            # a GPU need not be asked how often, if it is always the same
            done = tf.constant(1)
            _, number = tf.while_loop(
                lambda done, _: done < schedule.updates, lambda done, at: (done + 1, self._update_once(at)), (done, number)
            )
        return number

    def _update_once(self, number: tf.Tensor) -> tf.Tensor:
        self.strategy.run(self.update_discriminator, args=(self.feed.batch(number), number))
        return number + 1


def _report(state: TrainingState, inputs: Any, history: dict[str, Any] | None) -> Report:
    samples = to_pixels(state.average_generator(inputs, training=False), pixel_range(state.generator))
    return Report(state.reached, state.arrays(), samples.numpy(), history)


def _run_interval(
    state: TrainingState, run_steps: Callable[[int], tf.Tensor], num_steps: int, parameters: TrainingParameters
) -> dict[str, Any]:
    """Take the steps; return their row of history."""
    started = time.perf_counter()
    metrics = run_steps(num_steps).numpy()
    seconds = time.perf_counter() - started
    step = state.reached
    _check_finite(metrics, step - num_steps)
    schedule = discriminator_schedule(parameters)
    seen_before, images_seen = (int(schedule.before(at)) * parameters.batch_size for at in (step - num_steps, step))
    return {
        "step": step,
        "images_seen": images_seen,
        **{name: float(value) for name, value in zip(METRICS, metrics.mean(axis=0, dtype=np.float64), strict=True)},
        "images_per_second": (images_seen - seen_before) / seconds,
    }


def _check_finite(metrics: np.ndarray, first_step: int) -> None:
    """Raise DivergenceError at the first row of (num_steps, len(METRICS)) that is not finite."""
    broken = np.flatnonzero(~np.isfinite(metrics).all(axis=1))
    if broken.size:
        values = ", ".join(f"{name} = {value:.6g}" for name, value in zip(METRICS, metrics[broken[0]], strict=True))
        raise DivergenceError(f"Training diverged at step {first_step + int(broken[0]) + 1}: {values}. {DIVERGENCE_REMEDY}")
