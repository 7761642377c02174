"""Networks that are asked for a class: what a generator takes, and what a discriminator is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ganflow.errors import ConfigurationError

NOISE, LABEL, IMAGES = "noise", "label", "images"
"""Names of the inputs of conditional networks; others take the first alone, noise or images, as it is."""

MOST_CLASSES = 1000


@keras.saving.register_keras_serializable("ganflow")
class AskedClass(keras.layers.Layer):
    """Labels (N,) to one-hot vectors (N, K), with the proportions in which classes are drawn where nobody asks for one.

    Args:
        proportions: of the classes, above 0, in sum 1.
    """

    def __init__(self, proportions: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.proportions = [float(share) for share in proportions]

    def call(self, inputs: Any) -> Any:
        """Encode."""
        return tf.one_hot(inputs, len(self.proportions), dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(N, K)."""
        return (input_shape[0], len(self.proportions))

    def get_config(self) -> dict[str, Any]:
        """Everything needed to build the layer again."""
        return super().get_config() | {"proportions": self.proportions}


@keras.saving.register_keras_serializable("ganflow")
class OwnClass(keras.layers.Layer):
    """Of one value for each class, that of the class in question: (N, K) and labels (N,) to (N, 1)."""

    def call(self, inputs: Any) -> Any:
        """Pick."""
        values, labels = inputs
        chosen = tf.one_hot(labels, values.shape[-1], dtype=values.dtype)
        return tf.reduce_sum(values * chosen, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(N, 1)."""
        return (input_shape[0][0], 1)


def class_proportions(wish: str | bool, class_counts: Sequence[int]) -> list[float]:
    """In which proportions classes are drawn: those of the training images; [] for networks that know no classes.

    Args:
        wish: `networks.conditional`.
        class_counts: training images of each class; none where they have no classes.

    Raises:
        ConfigurationError: if classes are wished for where there are none, too many, or none of one of them.
    """
    if wish is False or (wish == "auto" and not class_counts):
        return []
    if not class_counts:
        raise ConfigurationError(
            "networks.conditional is true, but the images have no labels. Set it to auto or false, or give labels (docs/how-to.md)."
        )
    if len(class_counts) > MOST_CLASSES:
        raise ConfigurationError(
            f"Got {len(class_counts)} classes, expected {MOST_CLASSES} at most for networks that know them. Set networks.conditional=false."
        )
    if not all(class_counts):
        raise ConfigurationError(
            f"Got no training image of class number {list(class_counts).index(0)}, expected some of each. Set networks.conditional=false, "
            "or give images of it."
        )
    whole = sum(class_counts)
    return [count / whole for count in class_counts]


def proportions_of(network: keras.Model) -> list[float]:
    """In which a generator draws its classes; [] for one that knows none."""
    return next((layer.proportions for layer in network.layers if isinstance(layer, AskedClass)), [])


def draw_labels(proportions: Sequence[float], draws: tf.Tensor) -> tf.Tensor:
    """Labels (N,) int32 in these proportions, from uniform draws (N,) on [0, 1)."""
    limits = np.cumsum(proportions)[:-1].astype(np.float32)
    return tf.reduce_sum(tf.cast(draws[:, None] >= limits, tf.int32), axis=1)


def labels_of(inputs: Any) -> Any:
    """The classes that inputs of a generator ask for, (N,); None where it knows none."""
    return inputs[LABEL] if isinstance(inputs, dict) else None


def with_labels(inputs: Any, labels: Any) -> Any:
    """The same inputs of a conditional generator, asking for other classes."""
    # both of one kind, arrays or tensors
    return {NOISE: inputs[NOISE], LABEL: labels if isinstance(inputs[NOISE], np.ndarray) else tf.constant(labels)}


def by_rows(inputs: Any, classes: Sequence[int], columns: int) -> Any:
    """The same inputs, of which every `columns` ask for the same class, class after class, from the first again where there are more."""
    rows = len(inputs[NOISE]) // columns
    return with_labels(inputs, np.repeat(np.resize(np.array(classes, np.int32), rows), columns))


def shown(images: Any, labels: Any) -> Any:
    """What a discriminator takes: images, and their classes if there are any."""
    return images if labels is None else {IMAGES: images, LABEL: labels}
