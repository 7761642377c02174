"""What the doctor can say before a run starts: settings that the 2017 post's table of problems, and practice since, warn of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ganflow.config.training import TrainingParameters
from ganflow.doctor.findings import Finding, Row
from ganflow.losses.compatibility import is_slope_bounded
from ganflow.networks import Architecture, normalises_batches
from ganflow.networks.builders import BATCH_NORMALIZATIONS
from ganflow.training.schedule import discriminator_schedule

_CONVOLUTIONS = (
    *("Conv2D", "SameConv2D", "UpsampledConv2D", "Conv2DTranspose", "SpectralConv2D", "Dense", "SpectralDense"),
    *("PaddedConv3D", "UpsampledConv3D", "Conv3DTranspose", "SpectralConv3D"),
)
_NORMALIZATIONS = (*BATCH_NORMALIZATIONS, "GroupNormalization", "LayerNormalization")
_ACTIVATIONS = ("ReLU", "LeakyReLU", "Activation")
_DROPOUTS = ("Dropout", "SpatialDropout2D")

_USUAL_DROPOUT = (0.3, 0.6)
"""Rates that give more realistic images, says the post."""

_OUTPUT_RANGES = {"sigmoid": "[0, 1]", "tanh": "[-1, 1]"}


def examine_settings(generator: Architecture, discriminator: Architecture, parameters: TrainingParameters, real: Row) -> list[Finding]:
    """Read both networks and the parameters of training.

    Args:
        generator: architecture.
        discriminator: architecture.
        parameters: of training.
        real: what real images score, by column of history; `brightest` is their largest pixel in [0, 1].
    """
    return [
        *_pixel_range(generator, real),
        *(finding for network in (generator, discriminator) for finding in _order(network)),
        *_missing_normalization(generator),
        *(finding for network in (generator, discriminator) for finding in _dropout(network)),
        *_rates(discriminator, parameters),
        *_ended_rates(parameters),
    ]


def _layers(network: Architecture) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, name and settings of every layer, from input to output."""
    return [(layer["class_name"], layer["config"]["name"], layer["config"]) for layer in network["config"]["layers"]]


def _pixel_range(generator: Architecture, real: Row) -> Iterator[Finding]:
    _, name, settings = _layers(generator)[-1]
    activation = settings.get("activation")
    if activation not in _OUTPUT_RANGES:
        yield Finding(
            "pixel_range",
            "serious",
            f"the generator ends in the activation '{activation}' ('{name}'), pixels are scaled to one of {_OUTPUT_RANGES}",
            "The generator's pixels and the real ones are on different scales, which the discriminator sees at once.",
            "Set networks.generator.output_activation to sigmoid or tanh.",
        )
    if real["brightest"] <= 0.5:
        yield Finding(
            "pixel_range",
            "serious",
            f"the brightest pixel of the training images is {255 * real['brightest']:.0f}; 255 is expected",
            "The images are not on the scale of 0 to 255 that they are divided by.",
            "Store the images with pixels from 0 to 255 (data.location).",
        )


def _order(network: Architecture) -> Iterator[Finding]:
    """Between two convolutions come normalization, activation and dropout, in this order."""
    rank = {kind: number for number, kinds in enumerate((_NORMALIZATIONS, _ACTIVATIONS, _DROPOUTS)) for kind in kinds}
    highest, before = -1, ""
    for kind, name, _ in _layers(network):
        if kind in _CONVOLUTIONS:
            highest = -1
        elif kind in rank:
            if rank[kind] < highest:
                yield Finding(
                    "layer_order",
                    "notice",
                    f"in the {network['config']['name']}, '{name}' comes after '{before}'",
                    "Normalization after an activation or dropout no longer sees what these have cut off.",
                    "Between two convolutions keep to the order normalization, activation, dropout (ganflow.networks.blocks).",
                )
            highest, before = rank[kind], name


def _missing_normalization(generator: Architecture) -> Iterator[Finding]:
    if not any(kind in _NORMALIZATIONS for kind, _, _ in _layers(generator)):
        yield Finding(
            "missing_normalization",
            "notice",
            "no layer of the generator normalises",
            "Without normalization a generator of this kind rarely gets beyond noise (1511.06434, section 3).",
            "Put batch normalization after its convolutions (ganflow.networks.blocks).",
        )


def _dropout(network: Architecture) -> Iterator[Finding]:
    low, high = _USUAL_DROPOUT
    role = network["config"]["name"]
    rates = {settings["rate"] for kind, _, settings in _layers(network) if kind in _DROPOUTS}
    if any(rate and not low <= rate <= high for rate in rates):
        yield Finding(
            "dropout",
            "advice",
            f"the {role}'s dropout is {', '.join(f'{rate:g}' for rate in sorted(rates))}; from {low} to {high} is usual",
            "Weaker dropout hardly acts as noise; stronger dropout hides what there is to learn.",
            f"Set networks.{role}.dropout to 0.4, or to 0.",
        )


def _rates(discriminator: Architecture, parameters: TrainingParameters) -> Iterator[Finding]:
    """The discriminator's rate is judged only where nothing else keeps its slope in bounds."""
    kinds = {kind for kind, _, _ in _layers(discriminator)}
    is_spectral = any(kind.startswith("Spectral") for kind in kinds)
    if is_slope_bounded(parameters, is_spectral, is_normalised=not kinds.isdisjoint(_NORMALIZATIONS)):
        return
    rate, generator_rate = parameters.discriminator_optimizer.learning_rate, parameters.generator_optimizer.learning_rate
    if rate * parameters.discriminator_steps <= generator_rate:
        penalty = "" if normalises_batches(discriminator) else ", or training.r1_weight to 1"
        yield Finding(
            "learning_rates",
            "advice",
            f"the discriminator's learning rate {rate:g} is not above the generator's {generator_rate:g}, and nothing bounds the "
            "discriminator's slope",
            "Without a penalty the discriminator needs the larger steps (the 2017 post's table).",
            f"Set training.discriminator_optimizer.learning_rate to {2 * generator_rate:g}{penalty}.",
        )


def _ended_rates(parameters: TrainingParameters) -> Iterator[Finding]:
    """A network whose rate is 0 no longer learns, while the other one goes on."""
    num_updates_of_discriminator = int(discriminator_schedule(parameters).before(parameters.num_steps))
    updates = {"generator": parameters.num_steps, "discriminator": num_updates_of_discriminator}
    for role, num_updates in updates.items():
        decay = getattr(parameters, f"{role}_optimizer").decay
        if decay is not None and decay.num_steps is not None and not decay.final_fraction and decay.num_steps < num_updates:
            yield Finding(
                "learning_rate_ends",
                "notice",
                f"the {role}'s learning rate is 0 after {decay.num_steps} of its {num_updates} updates",
                "From then on this network stands still, and the other one takes advantage of it.",
                f"Set training.{role}_optimizer.decay.num_steps to {num_updates}, or its final_fraction above 0.",
            )
