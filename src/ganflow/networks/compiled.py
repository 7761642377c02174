"""A network that is compiled once and then run in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import keras
import numpy as np
import tensorflow as tf

Outputs = TypeVar("Outputs", np.ndarray, tuple[np.ndarray, np.ndarray])


@dataclass(frozen=True)
class CompiledNetwork(Generic[Outputs]):
    """A network compiled for many calls, between which its weights may change.

    Attributes:
        network: kept here since the compiled function holds its weights by weak references only.
        batch_size: inputs in one call; it bounds memory.
        function: a batch of inputs, a tensor, to a tensor or a tuple of tensors.
    """

    network: keras.Model
    batch_size: int
    function: Callable[[tf.Tensor], Any]

    def __call__(self, inputs: np.ndarray) -> Outputs:
        """(N, …) inputs to (N, …) outputs, as the function returns them."""
        batches = [self._run(inputs[start : start + self.batch_size]) for start in range(0, len(inputs), self.batch_size)]
        return cast("Outputs", tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches))

    def _run(self, batch: np.ndarray) -> Any:
        return tf.nest.map_structure(lambda output: output.numpy(), self.function(tf.constant(batch)))


def compile_network(network: keras.Model, function: Callable[[tf.Tensor], Any], dtype: tf.DType, batch_size: int) -> CompiledNetwork[Any]:
    """Compile a function of a network once for many calls.

    Args:
        network: whose input says which shape the function takes.
        function: a batch of inputs, a tensor, to a tensor or a tuple of tensors, by this network.
        dtype: of the inputs.
        batch_size: inputs in one call.
    """
    signature = tf.TensorSpec((None, *network.input_shape[1:]), dtype)
    # traced here and not at the first call, which TensorFlow would count as one of too many
    return CompiledNetwork(network, batch_size, tf.function(function, autograph=False).get_concrete_function(signature))
