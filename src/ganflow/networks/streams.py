"""A clip made of two streams: what moves, over a background that stands still, as far as a mask says so.

Source: 1609.02612, section 2.1.2.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("ganflow")
class Foreground(keras.layers.Layer):
    """Activation of all channels but the last: (N, …, C + 1) to (N, …, C).

    Args:
        activation: of pixels.
    """

    def __init__(self, activation: str, **options: Any) -> None:
        super().__init__(**options)
        self.activation = keras.activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """Take what the mask leaves, and activate it."""
        return self.activation(inputs[..., :-1])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One channel less."""
        *sides, channels = input_shape
        return (*sides, channels and channels - 1)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"activation": keras.activations.serialize(self.activation)}


@keras.saving.register_keras_serializable("ganflow")
class Mask(keras.layers.Layer):
    """Sigmoid of the last channel: (N, …, C + 1) to (N, …, 1). In training it adds a loss of its own, so that it opens for a reason only.

    Args:
        penalty: λ of λ · mean of the mask, which is its L1 norm, since no element is negative; 0 for none.
    """

    def __init__(self, penalty: float, **options: Any) -> None:
        super().__init__(**options)
        self.penalty = penalty

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Say for each pixel how much of the foreground is seen."""
        mask = tf.sigmoid(inputs[..., -1:])
        if training and self.penalty:
            self.add_loss(self.penalty * tf.reduce_mean(mask))
        return mask

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One channel."""
        return (*input_shape[:-1], 1)

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"penalty": self.penalty}


@keras.saving.register_keras_serializable("ganflow")
class Composition(keras.layers.Layer):
    """mask · foreground + (1 - mask) · background, the background the same in every frame.

    Input: (N, T, H, W, C), (N, T, H, W, 1), (N, 1, H, W, C). Output: (N, T, H, W, C).

    Args:
        activation: that foreground and background come from, and whose range is that of what they make together.
    """

    def __init__(self, activation: str, **options: Any) -> None:
        super().__init__(**options)
        self.activation = keras.activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """Compose."""
        foreground, mask, background = inputs
        return mask * foreground + (1.0 - mask) * background

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """That of the foreground."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"activation": keras.activations.serialize(self.activation)}
