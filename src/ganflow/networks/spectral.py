"""Layers whose kernel has a largest singular value of one."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ganflow.networks.convolution import PaddedConv3D

_GUARD = 1e-12


def divide_by_spectral_norm(kernel: tf.Tensor, direction: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Divide a kernel by its largest singular value, estimated by one step of power iteration.

    The gradient flows through the estimate, but not through the singular vectors.

    Args:
        kernel: (…, filters), float32, taken as a matrix with one column for each filter.
        direction: (filters,), the right singular vector as far as it is known.

    Returns:
        The kernel divided, and the direction after the step, of length 1.
    Source: 1802.05957, algorithm 1.
    """
    matrix = tf.reshape(kernel, (-1, kernel.shape[-1]))
    left = _unit(tf.linalg.matvec(matrix, direction))
    right = _unit(tf.linalg.matvec(matrix, left, transpose_a=True))
    left, right = tf.stop_gradient(left), tf.stop_gradient(right)
    largest = tf.reduce_sum(left * tf.linalg.matvec(matrix, right))
    return kernel / (largest + _GUARD), right


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return vector / (tf.norm(vector) + _GUARD)


class _Spectral(keras.layers.Layer):
    """What all layers share: the direction, which every call in training mode moves by one step."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the layer's weights, and the direction (filters,)."""
        super().build(input_shape)
        num = self.kernel.shape[-1]
        # a start that is not perpendicular to anything likely
        self.direction = self.add_weight(
            name="direction", shape=(num,), initializer=keras.initializers.Constant(num**-0.5), trainable=False, autocast=False
        )

    def _divided_kernel(self, training: bool | None) -> tf.Tensor:
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), tf.float32)
        divided, direction = divide_by_spectral_norm(kernel, tf.convert_to_tensor(self.direction))
        if training:
            self.direction.assign(direction)
        return tf.cast(divided, self.compute_dtype)


class _SpectralConvolution(_Spectral):
    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Convolve with the divided kernel."""
        outputs = self.convolution_op(inputs, self._divided_kernel(training))
        return keras.ops.add(outputs, self.bias) if self.use_bias else outputs


@keras.saving.register_keras_serializable("ganflow")
class SpectralConv2D(_SpectralConvolution, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with spectral normalization (1802.05957), without activation."""


@keras.saving.register_keras_serializable("ganflow")
class SpectralConv3D(_SpectralConvolution, PaddedConv3D):
    """`keras.layers.Conv3D` with spectral normalization (1802.05957), without activation."""


@keras.saving.register_keras_serializable("ganflow")
class SpectralDense(_Spectral, keras.layers.Dense):
    """`keras.layers.Dense` with spectral normalization (1802.05957), without activation."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Multiply by the divided kernel."""
        outputs = keras.ops.matmul(inputs, self._divided_kernel(training))
        return keras.ops.add(outputs, self.bias) if self.use_bias else outputs
