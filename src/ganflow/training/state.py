"""Everything that training moves, and its way in and out of plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.errors import CheckpointError, ConfigurationError, DivergenceError
from ganflow.networks import Architecture, instantiate
from ganflow.runtime.devices import settle
from ganflow.training.optimizers import build_optimizer

ROLES = ("generator", "discriminator", "average_generator")
"""Networks of a state."""

AVERAGE = "average_generator/"
"""What the names of the averaged generator's variables start with."""


@dataclass(frozen=True)
class TrainingState:
    """Two networks that learn, their optimizers, the running average of the generator, and the step they have reached."""

    generator: keras.Model
    discriminator: keras.Model
    average_generator: keras.Model
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer
    step: tf.Variable

    @property
    def reached(self) -> int:
        """Steps taken so far."""
        return int(self.step.numpy())

    def variables(self) -> Iterator[tuple[str, Any]]:
        """Yield a unique name and the variable, for every variable that the next step depends on."""
        yield "step", self.step
        for role in ROLES:
            for name, variable in _model_variables(getattr(self, role)):
                yield f"{role}/{name}", variable
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            for variable in optimizer.variables:
                yield variable.path, variable

    def arrays(self) -> dict[str, np.ndarray]:
        """Copy the whole state out.

        Raises:
            DivergenceError: if a number in it is not finite.
        """
        arrays = {name: np.array(variable) for name, variable in self.variables()}
        broken = [name for name, array in arrays.items() if not np.isfinite(array).all()]
        if broken:
            raise DivergenceError(
                f"Weights are not finite after step {int(arrays['step'])}: {', '.join(broken[:3])}"
                f"{f' and {len(broken) - 3} more' if len(broken) > 3 else ''}. {DIVERGENCE_REMEDY}"
            )
        return arrays

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Put a copied state back.

        Raises:
            CheckpointError: if names or shapes are not exactly this state's; nothing is changed then.
        """
        variables = dict(self.variables())
        wrong = sorted(variables.keys() ^ arrays.keys()) or [
            f"{name} of shape {arrays[name].shape}" for name, variable in variables.items() if tuple(variable.shape) != arrays[name].shape
        ]
        if wrong:
            raise CheckpointError(
                f"The checkpoint does not fit these networks and optimizers; first difference: {wrong[0]}. "
                "Train anew with training.resume=never, or restore the settings it was made with."
            )
        for name, variable in variables.items():
            variable.assign(arrays[name])

    def adopt(self, networks: dict[str, np.ndarray]) -> None:
        """Take over the networks of another run, and nothing else: the optimizers start anew, and the steps are counted from 0.

        Raises:
            ConfigurationError: if they are of other architectures; nothing is changed then.
        """
        try:
            self.restore(self.arrays() | networks)
        except CheckpointError as error:
            raise ConfigurationError(
                f"The networks to start from are of other architectures than these. {error} Set retraining.warm_start=false."
            ) from error


DIVERGENCE_REMEDY = (
    "Lower the learning rates (training.*_optimizer.learning_rate), set clip_value, or raise training.r1_weight; "
    "the last good checkpoint is kept."
)


def create_state(generator: Architecture, discriminator: Architecture, parameters: TrainingParameters) -> TrainingState:
    """Build fresh networks and optimizers, the same for the same `parameters.seed`.

    Call it inside the distribution scope that the variables shall live in. What is `auto` is settled for this machine; what is not may be
    meant for another one, and is taken as it is.
    """
    settled = settle(parameters) if "auto" in (parameters.precision, parameters.convolution) else parameters
    precision, convolution = settled.precision, settled.convolution
    built_generator = instantiate(generator, seed=2 * parameters.seed, precision=precision, convolution=convolution)
    built_discriminator = instantiate(discriminator, seed=2 * parameters.seed + 1, precision=precision)
    average = instantiate(generator, seed=2 * parameters.seed, convolution=convolution)
    generator_optimizer = build_optimizer(parameters.generator_optimizer, "generator_optimizer")
    discriminator_optimizer = build_optimizer(parameters.discriminator_optimizer, "discriminator_optimizer")
    # slots exist from the start, so that every checkpoint holds the same names
    generator_optimizer.build(built_generator.trainable_variables)
    discriminator_optimizer.build(built_discriminator.trainable_variables)
    step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
    return TrainingState(built_generator, built_discriminator, average, generator_optimizer, discriminator_optimizer, step)


def average_generator(architecture: Architecture, arrays: dict[str, np.ndarray]) -> keras.Model:
    """Build the averaged generator of a copied state.

    Raises:
        CheckpointError: if the state lacks one of the network's weights.
    """
    model = instantiate(architecture)
    assign_average(model, arrays)
    return model


def assign_average(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Put the averaged generator of a copied state into a generator.

    Raises:
        CheckpointError: if the state lacks one of the network's weights.
    """
    for name, variable in _model_variables(model):
        stored = f"{AVERAGE}{name}"
        if stored not in arrays:
            raise CheckpointError(f"The checkpoint lacks '{stored}': it is of another architecture. Train anew with training.resume=never.")
        variable.assign(arrays[stored])


def average_arrays(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The part of a copied state that `average_generator` takes."""
    return {name: array for name, array in arrays.items() if name.startswith(AVERAGE)}


def network_arrays(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The part of a copied state that `TrainingState.adopt` takes: both networks and the average."""
    return {name: array for name, array in arrays.items() if name.partition("/")[0] in ROLES}


def _model_variables(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield "layer/variable" and the variable, dropout's seed state included.

    Keras's own paths will not do: those of seed generators count all that the process has ever made.
    """
    for layer in model.layers:
        for variable in layer.variables:
            yield f"{layer.name}/{variable.name}", variable
