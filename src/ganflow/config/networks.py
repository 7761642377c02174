"""`parameters_networks.yml`: both networks, as tables."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ganflow.config.section import Fraction, NonNegativeFloat, PositiveInt, Section


class LatentParameters(Section):
    """The noise that a generator starts from: `dimension` independent draws, uniform on (-1, 1) or standard normal."""

    dimension: PositiveInt
    distribution: Literal["uniform", "normal"]


class GeneratorStage(Section):
    """One row of a generator's table: features of `width` channels at 1/`divisor` of the image's height and width.

    The first row is the projection of the latent vector. A row whose divisor is half of the one before it doubles the resolution.
    """

    divisor: Literal[1, 2, 4]
    width: PositiveInt
    kernel_size: PositiveInt = 5


class GeneratorParameters(Section):
    """Generator: projection, convolutional stages, output convolution.

    Attributes:
        stages: the table, coarse to fine; the last row is at full resolution.
        output_kernel_size: of the convolution to pixels.
        output_activation: sigmoid for pixels in [0, 1], tanh for [-1, 1].
        batch_normalization_momentum: of the moving statistics.
        dropout: rate after the projection.
    """

    stages: Annotated[tuple[GeneratorStage, ...], Field(min_length=1)]
    output_kernel_size: PositiveInt
    output_activation: Literal["sigmoid", "tanh"]
    batch_normalization_momentum: Fraction
    dropout: Fraction

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        divisors = [stage.divisor for stage in self.stages]
        steps = [(coarse, fine) for coarse, fine in itertools.pairwise(divisors) if coarse not in (fine, 2 * fine)]
        if divisors[0] == 1 or divisors[-1] != 1 or steps:
            raise ValueError(
                f"the divisors of stages must start at 4 or 2, halve or stay from row to row, and end at 1; they are {divisors}"
            )
        even = [size for size in [*(stage.kernel_size for stage in self.stages), self.output_kernel_size] if size % 2 == 0]
        if even:
            raise ValueError(f"a generator's kernel sizes must be odd, so that its convolutions are centred; got {even}")
        return self


class DiscriminatorStage(Section):
    """One row of a discriminator's table: a convolution, LeakyReLU, and dropout if the network has any."""

    width: PositiveInt
    kernel_size: PositiveInt
    stride: PositiveInt = 1


class DiscriminatorParameters(Section):
    """Discriminator: convolutional stages, flattened into one raw logit.

    Attributes:
        stages: the table, fine to coarse.
        normalization: after every convolution but the first: `batch`, `layer` (over height, width and channels), or `none`.
        spectral_normalization: every kernel is divided by its largest singular value (1802.05957).
        leaky_slope: slope of LeakyReLU for negative inputs.
        dropout: rate after every stage.
    """

    stages: Annotated[tuple[DiscriminatorStage, ...], Field(min_length=1)]
    normalization: Literal["none", "batch", "layer"]
    spectral_normalization: bool
    leaky_slope: NonNegativeFloat
    dropout: Fraction


class NetworksParameters(Section):
    """Both networks, as tables that `ganflow.networks.builders` folds blocks over."""

    latent: LatentParameters
    generator: GeneratorParameters
    discriminator: DiscriminatorParameters
