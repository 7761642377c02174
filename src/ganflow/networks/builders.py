"""From a table of stages to a network, and from a network to the plain data that travels between nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, LatentParameters, NetworksParameters
from ganflow.errors import ConfigurationError
from ganflow.networks.blocks import discriminator_block, generator_block, project
from ganflow.networks.conditional import IMAGES, LABEL, NOISE, AskedClass, OwnClass, class_proportions
from ganflow.networks.latent import Latent
from ganflow.networks.spectral import SpectralDense
from ganflow.networks.tables import discriminator_table, generator_table, reduction

FLOAT32_LAYERS = ("pixels", "logit", "class_logits", "class_logit", "conditional_logit")
"""Layers that stay float32 under mixed precision: pixels, and the logits that losses and penalties are made of."""

BATCH_NORMALIZATIONS = ("FusedBatchNormalization", "BatchNormalization")
"""Kinds of layers that normalise over the images of a batch."""

Architecture = dict[str, Any]
"""A network without weights: the parsed JSON of `keras.Model.to_json`."""


def build_generator(
    parameters: GeneratorParameters,
    latent: LatentParameters,
    image_shape: tuple[int, int, int],
    proportions: Sequence[float] = (),
) -> keras.Model:
    """Build a DCGAN generator (1511.06434) from its table; with `proportions` it takes the class, one-hot, beside the noise (1411.1784).

    Args:
        parameters: of the network.
        latent: what it starts from.
        image_shape: (H, W, C).
        proportions: of the classes; none for a generator that knows no classes.

    Returns:
        (N, latent.dimension), or with classes {NOISE: that, LABEL: (N,)}, to (N, H, W, C) pixels in the range of the output activation.

    Raises:
        DataError, ConfigurationError: see `generator_table`.
    """
    first, *rest = generator_table(parameters, image_shape)
    factor = reduction((first, *rest), parameters)
    height, width, channels = image_shape
    inputs = noise = keras.Input((latent.dimension,), name=NOISE)
    hidden = Latent(latent.distribution, name="latent")(noise)
    if proportions:
        inputs = {NOISE: noise, LABEL: keras.Input((), dtype="int32", name=LABEL)}
        asked = AskedClass(proportions, name="class")(inputs[LABEL])
        hidden = keras.layers.Concatenate(name="latent_and_class")([hidden, asked])
    hidden = project(hidden, (height // factor, width // factor, first.width), parameters)
    for number, stage in enumerate(rest, start=1):
        hidden = generator_block(hidden, stage, parameters, f"stage_{number}")
    options = {"kernel_size": parameters.output_kernel_size, "padding": "same", "name": "output_convolution"}
    if parameters.output_doubles:
        hidden = keras.layers.Conv2DTranspose(channels, strides=2, **options)(hidden)
    else:
        hidden = keras.layers.Conv2D(channels, **options)(hidden)
    outputs = keras.layers.Activation(parameters.output_activation, name="pixels")(hidden)
    return keras.Model(inputs, outputs, name="generator")


def build_discriminator(parameters: DiscriminatorParameters, image_shape: tuple[int, int, int], num_classes: int = 0) -> keras.Model:
    """Build a convolutional discriminator (1511.06434) from its table; with classes, by projection (1802.05637, equation 3).

    Returns:
        (N, H, W, C), or with classes {IMAGES: that, LABEL: (N,)}, to (N, 1) raw logits, large for real images.

    Raises:
        DataError, ConfigurationError: see `discriminator_table`.
    """
    hidden = inputs = images = keras.Input(image_shape, name=IMAGES)
    for number, stage in enumerate(discriminator_table(parameters, image_shape), start=1):
        hidden = discriminator_block(hidden, stage, parameters, number == 1, f"stage_{number}")
    dense = SpectralDense if parameters.spectral_normalization else keras.layers.Dense
    logit = dense(1, name="logit")(keras.layers.Flatten(name="features")(hidden))
    if num_classes:
        inputs = {IMAGES: images, LABEL: keras.Input((), dtype="int32", name=LABEL)}
        pooled = keras.layers.GlobalAveragePooling2D(name="mean_features")(hidden)
        of_classes = dense(num_classes, use_bias=False, name="class_logits")(pooled)
        logit = keras.layers.Add(name="conditional_logit")([logit, OwnClass(name="class_logit")([of_classes, inputs[LABEL]])])
    return keras.Model(inputs, logit, name="discriminator")


def build_pair(
    parameters: NetworksParameters, image_shape: tuple[int, int, int], class_counts: Sequence[int] = ()
) -> tuple[Architecture, Architecture]:
    """Build both networks, and describe them.

    Args:
        parameters: of both.
        image_shape: (H, W, C).
        class_counts: training images of each class; none where they have no classes.

    Returns:
        Generator and discriminator.

    Raises:
        DataError, ConfigurationError: if they do not fit each other, or the images.
    """
    proportions = class_proportions(parameters.conditional, class_counts)
    generator = build_generator(parameters.generator, parameters.latent, image_shape, proportions)
    discriminator = build_discriminator(parameters.discriminator, image_shape, len(proportions))
    check_pair(generator, discriminator)
    return architecture(generator), architecture(discriminator)


def normalises_batches(network: keras.Model | Architecture) -> bool:
    """Whether the images of a batch interact in the network, in training mode; no penalty on its slope has a meaning then."""
    if isinstance(network, keras.Model):
        kinds = [type(layer).__name__ for layer in network.layers]
    else:
        kinds = [layer["class_name"] for layer in network["config"]["layers"]]
    return not set(BATCH_NORMALIZATIONS).isdisjoint(kinds)


def architecture(model: keras.Model) -> Architecture:
    """Describe a network without its weights, as plain data."""
    described: Architecture = json.loads(model.to_json())
    # how it was built and compiled, which what it is made of says already
    return {key: value for key, value in described.items() if key not in ("build_config", "compile_config")}


def instantiate(described: Architecture, seed: int | None = None, precision: str = "float32", convolution: str = "direct") -> keras.Model:
    """Build the network that `architecture` described.

    Args:
        described: plain data.
        seed: of initial weights and dropout masks, the same for the same seed; None leaves them to chance.
        precision: `float32`, or `bfloat16` for computing in it; weights, and FLOAT32_LAYERS, are float32 either way.
        convolution: one of `ganflow.networks.convolution.METHODS`, for the layers that know both.
    """
    plain = described if seed is None else _with_seeds(described, np.random.SeedSequence(seed))
    policy = {} if precision == "float32" else {"dtype": f"mixed_{precision}"}
    layers = [layer | {"config": layer["config"] | _options(layer, policy, convolution)} for layer in plain["config"]["layers"]]
    return keras.models.model_from_json(json.dumps(plain | {"config": plain["config"] | {"layers": layers}}))


def _options(layer: dict[str, Any], policy: dict[str, str], convolution: str) -> dict[str, str]:
    """What of a layer's configuration depends on the machine."""
    keeps_policy = layer["class_name"] == "InputLayer" or layer["config"]["name"] in FLOAT32_LAYERS
    method = {"method": convolution} if "method" in layer["config"] else {}
    return method if keeps_policy else policy | method


def _with_seeds(part: Any, sequence: np.random.SeedSequence) -> Any:
    """Copy plain data, giving every `"seed": null` a seed of its own, in order of appearance."""
    if isinstance(part, list):
        return [_with_seeds(item, sequence) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: int(sequence.spawn(1)[0].generate_state(1)[0] % 2**31) if key == "seed" and value is None else _with_seeds(value, sequence)
        for key, value in part.items()
    }


def layer_table(models: list[keras.Model]) -> list[dict[str, Any]]:
    """One row for each layer: network, layer, kind, output shape (without N), number of weights."""
    return [
        {
            "network": model.name,
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output_shape": " × ".join(str(size) for size in layer.output.shape[1:]),
            "num_weights": layer.count_params(),
        }
        for model in models
        for layer in model.layers
    ]


def check_pair(generator: keras.Model, discriminator: keras.Model) -> None:
    """Make sure that one network's output is the other's input.

    Raises:
        ConfigurationError: if they do not fit.
    """
    taken = discriminator.get_layer(IMAGES).output.shape
    if generator.output_shape != taken:
        raise ConfigurationError(
            f"The generator makes images of shape {generator.output_shape[1:]}, the discriminator takes {taken[1:]}. "
            "Build both for the same images."
        )
