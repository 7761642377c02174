"""Convolutions of the generator: at one resolution, and with nearest-neighbour upsampling by two folded into them."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from ganflow.networks import fourier

METHODS = ("direct", "fourier")
"""How a convolution is computed: `direct`, or `fourier` for Fourier coefficients wherever `fourier.is_cheaper` says so."""


def folding_matrix(kernel_size: int) -> np.ndarray:
    """Which tap of the small map each tap of the large map's kernel reads, for the two phases of one axis.

    Output pixel 2m + phase reads, through tap t of a centred kernel, the enlarged pixel 2m + phase + t - half, which is a copy of
    the small pixel m + floor((phase + t - half) / 2). Out-of-range pixels are zero in both views, so borders agree too.

    Args:
        kernel_size: odd.

    Returns:
        (2, taps, kernel_size) of zeros and ones, with taps = 2 * floor((half + 1) / 2) + 1, centred on pixel m.
    """
    half = kernel_size // 2
    reach = (half + 1) // 2
    matrix = np.zeros((2, 2 * reach + 1, kernel_size), np.float32)
    for phase in range(2):
        for tap in range(kernel_size):
            matrix[phase, (phase + tap - half) // 2 + reach, tap] = 1.0
    return matrix


@keras.saving.register_keras_serializable("ganflow")
class SameConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with stride 1, zeros around the border and as many pixels as before, by either of METHODS.

    Input: (N, H, W, C). Output: (N, H, W, filters).
    """

    def __init__(self, filters: int, kernel_size: int, *, method: str = "direct", **options: Any) -> None:
        super().__init__(filters, kernel_size, **{"padding": "same"} | options)
        self.method = _check_method(method)
        expected = {"padding": "same", "strides": (1, 1), "dilation_rate": (1, 1), "groups": 1, "data_format": "channels_last"}
        for name, value in expected.items():
            if (found := getattr(self, name)) != value:
                raise ValueError(f"SameConv2D has {name}={value!r}; got {found!r}. Use keras.layers.Conv2D for others.")

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve."""
        size = self.kernel_size[0]
        is_centred = self.kernel_size == (size, size) and size % 2 == 1
        if self.method == "fourier" and is_centred and fourier.is_cheaper(inputs.shape, size, self.filters):
            return tf.transpose(fourier.convolve(inputs, tf.convert_to_tensor(kernel)), (2, 0, 1, 3))
        return super().convolution_op(inputs, kernel)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"method": self.method}


@keras.saving.register_keras_serializable("ganflow")
class PaddedConv3D(keras.layers.Conv3D):
    """`keras.layers.Conv3D` which lays zeros around maps of two frames itself; the result is the same.

    TensorFlow 2.21 computes the kernel's gradient wrongly, or as no number at all, in bfloat16, on processors with AVX512-BF16 and no AMX,
    of maps of two frames that "same" padding enlarges.

    Input: (N, T, H, W, C). Output: (N, T, H, W, filters) of stride 1, and fewer pixels of others.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve."""
        if (self.padding, self.strides, self.dilation_rate, inputs.shape[1]) != ("same", (1, 1, 1), (1, 1, 1), 2):
            return super().convolution_op(inputs, kernel)
        around = [((size - 1) // 2, size // 2) for size in self.kernel_size]
        return keras.ops.conv(keras.ops.pad(inputs, [(0, 0), *around, (0, 0)]), kernel, padding="valid")


def _check_method(method: str) -> str:
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    return method


class _UpsampledConv(keras.layers.Layer):
    """What both kinds share: the weight is the large map's kernel, the same in all directions."""

    num_axes: ClassVar[int]

    def __init__(
        self, filters: int, kernel_size: int, *, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", **options: Any
    ) -> None:
        super().__init__(**options)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that the convolution is centred; got {kernel_size}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the kernel (k, …, k, C, filters) and the bias (filters,)."""
        shape = (*[self.kernel_size] * self.num_axes, input_shape[-1], self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros") if self.use_bias else None

    def call(self, inputs: Any) -> Any:
        """Enlarge and convolve."""
        outputs = self._convolve(inputs, tf.cast(self.kernel, self.compute_dtype))
        return outputs if self.bias is None else keras.ops.add(outputs, self.bias)

    def _convolve(self, inputs: Any, kernel: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(N, …, C) to (N, …, filters), twice as large in every direction."""
        num, *sides, _ = input_shape
        return (num, *(side and 2 * side for side in sides), self.filters)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@keras.saving.register_keras_serializable("ganflow")
class UpsampledConv2D(_UpsampledConv):
    """`UpSampling2D(2)` followed by `Conv2D(filters, kernel_size, padding="same")`, exactly, for fewer multiplications.

    The weight is the large map's kernel; on each call it is folded into four kernels for the small map, one for each position
    inside a 2 × 2 block of the output. For kernel size 5 that is 36 instead of 100 multiply-adds for each input pixel and pair
    of channels, if the small convolutions are `direct`; METHODS has another way.

    Input: (N, H, W, C). Output: (N, 2H, 2W, filters).
    """

    num_axes = 2

    def __init__(self, filters: int, kernel_size: int, *, method: str = "direct", **options: Any) -> None:
        super().__init__(filters, kernel_size, **options)
        self.method = _check_method(method)

    def _convolve(self, inputs: Any, kernel: tf.Tensor) -> tf.Tensor:
        fold = folding_matrix(self.kernel_size)
        by_fourier = self.method == "fourier" and fourier.is_cheaper(inputs.shape, self.kernel_size, 4 * self.filters, fold.shape[1])
        return (self._by_fourier if by_fourier else self._directly)(inputs, kernel, fold)

    def _directly(self, inputs: Any, kernel: tf.Tensor, fold: np.ndarray) -> tf.Tensor:
        folds = tf.constant(fold, self.compute_dtype)
        kernels = tf.einsum("pay,qbx,yxio->abipqo", folds, folds, kernel)
        num_taps = fold.shape[1]
        kernels = tf.reshape(kernels, (num_taps, num_taps, inputs.shape[-1], 4 * self.filters))
        return tf.nn.depth_to_space(keras.ops.conv(inputs, kernels, padding="same"), 2)

    def _by_fourier(self, inputs: Any, kernel: tf.Tensor, fold: np.ndarray) -> tf.Tensor:
        _, height, width, _ = inputs.shape
        phases = np.einsum("pay,qbx->pqabyx", fold, fold).reshape(4, *fold.shape[1:2] * 2, *fold.shape[2:] * 2)
        blocks = tf.reshape(fourier.convolve(inputs, kernel, phases), (height, width, -1, 2, 2, self.filters))
        return tf.reshape(tf.transpose(blocks, (2, 0, 3, 1, 4, 5)), (-1, 2 * height, 2 * width, self.filters))

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"method": self.method}


def transposed_folding_matrix(kernel_size: int) -> np.ndarray:
    """Which taps of the large map's kernel a small pixel goes through on its way to the large map, along one axis.

    Small pixel m is enlarged to 2m and 2m + 1. From there, through tap t of a centred kernel, it reaches large pixels 2m + half - t and
    2m + 1 + half - t. So what it adds to large pixel 2m + s - half has gone through taps 2·half - s and 2·half + 1 - s.

    Args:
        kernel_size: odd.

    Returns:
        (kernel_size + 1, kernel_size) of zeros and ones.
    """
    matrix = np.zeros((kernel_size + 1, kernel_size), np.float32)
    for tap in range(kernel_size):
        matrix[kernel_size - 1 - tap : kernel_size + 1 - tap, tap] = 1.0
    return matrix


@keras.saving.register_keras_serializable("ganflow")
class UpsampledConv3D(_UpsampledConv):
    """`UpSampling3D(2)` followed by `Conv3D(filters, kernel_size, padding="same")`, exactly, for fewer multiplications.

    The weight is the large map's kernel; on each call it is folded into the kernel, one tap longer in each direction, of a transposed
    convolution of stride 2, which is the same function. For kernel size 3 that is 64 instead of 216 multiply-adds for each input pixel and
    pair of channels, for 5 it is 216 instead of 1000.

    Input: (N, T, H, W, C). Output: (N, 2T, 2H, 2W, filters).
    """

    num_axes = 3

    def _convolve(self, inputs: Any, kernel: tf.Tensor) -> tf.Tensor:
        size, channels = self.kernel_size, inputs.shape[-1]
        fold = transposed_folding_matrix(size)
        folds = np.einsum("ax,by,cz->abcxyz", fold, fold, fold).reshape((size + 1) ** 3, size**3)
        taps = tf.reshape(tf.transpose(kernel, (0, 1, 2, 4, 3)), (size**3, -1))
        folded = tf.reshape(tf.matmul(tf.constant(folds, kernel.dtype), taps), (*[size + 1] * 3, self.filters, channels))
        # only N may be unknown
        output_shape = (tf.shape(inputs)[0], *self.compute_output_shape(inputs.shape)[1:])
        return tf.nn.conv3d_transpose(inputs, folded, output_shape, 2)
