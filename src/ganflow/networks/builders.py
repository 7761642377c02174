"""From a table of stages to a network, and from a network to the plain data that travels between nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, GeneratorStage, LatentParameters, NetworksParameters
from ganflow.errors import ConfigurationError
from ganflow.networks.blocks import discriminator_block, generator_block, halves, output_convolution, project
from ganflow.networks.conditional import IMAGES, LABEL, NOISE, AskedClass, OwnClass, class_proportions
from ganflow.networks.latent import Latent
from ganflow.networks.spectral import SpectralDense
from ganflow.networks.streams import Composition, Foreground, Mask
from ganflow.networks.tables import discriminator_table, generator_table, reduction

FLOAT32_LAYERS = ("pixels", "foreground", "mask", "background", "logit", "class_logits", "class_logit", "conditional_logit")
"""Layers that stay float32 under mixed precision: pixels, and the logits that losses and penalties are made of."""

BATCH_NORMALIZATIONS = ("FusedBatchNormalization", "BatchNormalization")
"""Kinds of layers that normalise over the images of a batch."""

Architecture = dict[str, Any]
"""A network without weights: the parsed JSON of `keras.Model.to_json`."""


def build_generator(
    parameters: GeneratorParameters,
    latent: LatentParameters,
    image_shape: tuple[int, ...],
    proportions: Sequence[float] = (),
) -> keras.Model:
    """Build a DCGAN generator (1511.06434) from its table; with `proportions` it takes the class, one-hot, beside the noise (1411.1784).

    For clips all of it has three axes, time the first. A second stream (1609.02612) is the same table in two axes, from the same input:
    the background, over which the first stream's foreground lies as far as the mask lets it.

    Args:
        parameters: of the network.
        latent: what it starts from.
        image_shape: (H, W, C), or (T, H, W, C) of clips.
        proportions: of the classes; none for a generator that knows no classes.

    Returns:
        (N, latent.dimension), or with classes {NOISE: that, LABEL: (N,)}, to (N, …) pixels in the range of the output activation.

    Raises:
        DataError, ConfigurationError: see `generator_table`.
        ConfigurationError: if there are two streams for images that do not move.
    """
    table = generator_table(parameters, image_shape)
    inputs = noise = keras.Input((latent.dimension,), name=NOISE)
    hidden = Latent(latent.distribution, name="latent")(noise)
    if proportions:
        inputs = {NOISE: noise, LABEL: keras.Input((), dtype="int32", name=LABEL)}
        asked = AskedClass(proportions, name="class")(inputs[LABEL])
        hidden = keras.layers.Concatenate(name="latent_and_class")([hidden, asked])
    if parameters.streams == "two":
        outputs = _two_streams(hidden, table, parameters, image_shape)
    else:
        outputs = keras.layers.Activation(parameters.output_activation, name="pixels")(_stream(hidden, table, parameters, image_shape))
    return keras.Model(inputs, outputs, name="generator")


def _stream(latent: Any, table: Sequence[GeneratorStage], parameters: GeneratorParameters, shape: tuple[int, ...], prefix: str = "") -> Any:
    """From (N, dimension) to (N, *shape), before the activation."""
    first, *rest = table
    *sides, num_outputs = shape
    factor = reduction((first, *rest), parameters)
    hidden = project(latent, (*(side // factor for side in sides), first.width), parameters, f"{prefix}projection")
    for number, stage in enumerate(rest, start=1):
        hidden = generator_block(hidden, stage, parameters, f"{prefix}stage_{number}")
    return output_convolution(hidden, num_outputs, parameters, f"{prefix}output_convolution")


def _two_streams(latent: Any, table: Sequence[GeneratorStage], parameters: GeneratorParameters, shape: tuple[int, ...]) -> Any:
    """Foreground and mask from one stream, background from the other: (N, T, H, W, C) pixels."""
    if len(shape) != 4:
        raise ConfigurationError(
            f"networks.generator.streams is 'two', which takes clips, (T, H, W, C); got images of {' × '.join(map(str, shape))}. "
            "Set networks.generator.streams=one, or choose a data.source of clips."
        )
    *sides, channels = shape
    moving = _stream(latent, table, parameters, (*sides, channels + 1))
    still = _stream(latent, table, parameters, shape[1:], "background_")
    activation = parameters.output_activation
    foreground = Foreground(activation, name="foreground")(moving)
    mask = Mask(parameters.mask_penalty, name="mask")(moving)
    # one frame, which is seen in all of them
    still = keras.layers.Reshape((1, *shape[1:]), name="background_frame")(still)
    background = keras.layers.Activation(activation, name="background")(still)
    return Composition(activation, name="pixels")([foreground, mask, background])


def build_discriminator(parameters: DiscriminatorParameters, image_shape: tuple[int, ...], num_classes: int = 0) -> keras.Model:
    """Build a convolutional discriminator (1511.06434) from its table; with classes, by projection (1802.05637, equation 3).

    Returns:
        (N, H, W, C), or (N, T, H, W, C) of clips, or with classes {IMAGES: that, LABEL: (N,)}, to (N, 1) raw logits, large for real images.

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
        of_classes = dense(num_classes, use_bias=False, name="class_logits")(halves(hidden, "class_features"))
        logit = keras.layers.Add(name="conditional_logit")([logit, OwnClass(name="class_logit")([of_classes, inputs[LABEL]])])
    return keras.Model(inputs, logit, name="discriminator")


def build_pair(
    parameters: NetworksParameters, image_shape: tuple[int, ...], class_counts: Sequence[int] = ()
) -> tuple[Architecture, Architecture]:
    """Build both networks, and describe them.

    Args:
        parameters: of both.
        image_shape: (H, W, C), or (T, H, W, C) of clips.
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
