"""The tables of stages: those that a user gives, and those that follow from the size of the images, in clips of one of their frames."""

from __future__ import annotations

from ganflow.config.networks import DiscriminatorParameters, DiscriminatorStage, GeneratorParameters, GeneratorStage
from ganflow.data.images import check_image_shape
from ganflow.errors import ConfigurationError

_SMALLEST_MAP, _LARGEST_MAP = 4, 16
"""Sides of the map that a table by rule starts from, at least and at most."""

_WIDEST, _WIDEST_PROJECTION = 4, 8
"""Each halving of the resolution doubles the channels, up to these multiples of the base width: in the generator's convolutions, and in its
projection and the discriminator."""


def generator_table(parameters: GeneratorParameters, image_shape: tuple[int, ...]) -> tuple[GeneratorStage, ...]:
    """The rows of a generator for these images.

    Without a table, the map that noise is projected to is doubled as often as height and width can be halved, while both stay even and at
    least 4. A row i doublings before the last has b·2ⁱ channels, b the base width, at most 4·b, and the projection b·2ᵈ of d doublings, at
    most 8·b. With 16 that is 64 | 32, 16 for 28 × 28 pixels, and 128 | 64, 64, 32, 16 for 64 × 64. Where the output doubles, the last row
    is left out. In clips every doubling doubles the number of frames too.

    Args:
        parameters: of the network.
        image_shape: (H, W, C), or (T, H, W, C) of clips.

    Raises:
        DataError: for images that no network can serve.
        ConfigurationError: if the table does not fit the images, or there is none for them.
    """
    *frames, height, width, _ = check_image_shape(image_shape)
    table = _generator_rule(parameters, count_doublings(height, width), bool(frames)) if parameters.stages is None else parameters.stages
    factor = reduction(table, parameters)
    if height % factor or width % factor:
        raise ConfigurationError(
            f"Got images of {height} × {width} pixels and networks.generator.stages that make them {factor} times as large as their first "
            f"map, expected multiples of {factor}. Set networks.generator.stages to null, which finds a table, or crop, pad or resize the "
            "images."
        )
    if any(num % factor for num in frames):
        raise ConfigurationError(
            f"Got clips of {frames[0]} frames and a generator that doubles its first map to {factor} times its size, expected a multiple "
            f"of {factor} frames. Cut clips of {-(-frames[0] // factor) * factor}, or double less often (networks.generator.stages)."
        )
    return table


def reduction(stages: tuple[GeneratorStage, ...], parameters: GeneratorParameters) -> int:
    """How many times as large as a generator's first map its images are, in height, in width and in number of frames."""
    return int(2 ** (sum(stage.double for stage in stages) + parameters.output_doubles))


def discriminator_table(parameters: DiscriminatorParameters, image_shape: tuple[int, ...]) -> tuple[DiscriminatorStage, ...]:
    """The rows of a discriminator for these images.

    Without a table, it mirrors the generator's: 3 × 3 to b channels, b the base width, a halving 4 × 4 for each of the generator's
    doublings, to b·2ⁱ channels after i of them, at most 8·b, and 3 × 3 of the last width.

    Args:
        parameters: of the network.
        image_shape: (H, W, C), or (T, H, W, C) of clips.

    Raises:
        DataError: for images that no network can serve.
        ConfigurationError: if there is no table for them.
    """
    *_, height, width, _ = check_image_shape(image_shape)
    if parameters.stages is not None:
        return parameters.stages
    widths = [parameters.base_width * min(2**number, _WIDEST_PROJECTION) for number in range(count_doublings(height, width) + 1)]
    first = DiscriminatorStage(width=widths[0], kernel_size=3)
    halving = (DiscriminatorStage(width=own, kernel_size=4, halve=True) for own in widths[1:])
    return (first, *halving, DiscriminatorStage(width=widths[-1], kernel_size=3))


def count_doublings(height: int, width: int) -> int:
    """How often a table by rule doubles its first map to reach a size.

    Raises:
        ConfigurationError: if a side is odd, or the map would be larger than 16 pixels a side.
    """
    num, sides = 0, (height, width)
    while all(side % 2 == 0 and side // 2 >= _SMALLEST_MAP for side in sides):
        num, sides = num + 1, (sides[0] // 2, sides[1] // 2)
    if num == 0 or max(sides) > _LARGEST_MAP:
        raise ConfigurationError(
            f"Got images of {height} × {width} pixels, which no table by rule serves: expected sides that can be halved, both as often, "
            f"until they have {_SMALLEST_MAP} to {_LARGEST_MAP} pixels. Crop, pad or resize them, such as to 32 × 32 or 64 × 64, or give "
            "tables of your own (networks.generator.stages, networks.discriminator.stages)."
        )
    return num


def _generator_rule(parameters: GeneratorParameters, num_doublings: int, is_clip: bool) -> tuple[GeneratorStage, ...]:
    base_width = parameters.base_width
    # of clips, 5 × 5 × 5 taps would take three to four times as many multiplications
    kernel_size = 4 if parameters.upsampling == "transposed" else 3 if is_clip else 5
    projection = GeneratorStage(width=base_width * min(2**num_doublings, _WIDEST_PROJECTION))
    widths = (base_width * min(2**number, _WIDEST) for number in reversed(range(num_doublings)))
    rows = (projection, *(GeneratorStage(width=own, kernel_size=kernel_size, double=True) for own in widths))
    return rows[:-1] if parameters.output_doubles else rows
