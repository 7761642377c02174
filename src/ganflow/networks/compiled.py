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
        function: a batch of inputs to a tensor or a tuple of tensors.
    """

    network: keras.Model
    batch_size: int
    function: Callable[[Any], Any]

    def __call__(self, inputs: Any) -> Outputs:
        """(N, …) inputs, of the structure that the network takes, to (N, …) outputs, as the function returns them."""
        num = len(tf.nest.flatten(inputs)[0])
        batches = [self._run(inputs, slice(start, start + self.batch_size)) for start in range(0, num, self.batch_size)]
        return cast("Outputs", tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches))

    def _run(self, inputs: Any, rows: slice) -> Any:
        batch = tf.nest.map_structure(lambda part: tf.constant(part[rows]), inputs)
        return tf.nest.map_structure(lambda output: output.numpy(), self.function(batch))


def compile_network(
    network: keras.Model, function: Callable[[Any], Any], batch_size: int, dtype: tf.DType | None = None
) -> CompiledNetwork[Any]:
    """Compile a function of a network once for many calls.

    Args:
        network: whose inputs say what the function takes.
        function: a batch of inputs to a tensor or a tuple of tensors, by this network.
        batch_size: inputs in one call.
        dtype: of the inputs; None for the network's own.
    """
    signature = tf.nest.map_structure(lambda part: tf.TensorSpec((None, *part.shape[1:]), dtype or part.dtype), network.input)
    # traced here and not at the first call, which TensorFlow would count as one of too many
    return CompiledNetwork(network, batch_size, tf.function(function, autograph=False).get_concrete_function(signature))
