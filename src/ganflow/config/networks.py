"""`parameters_networks.yml`: both networks, as tables."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ganflow.config.section import Fraction, NonNegativeFloat, PositiveInt, Section


class LatentParameters(Section):
    """The noise that a generator starts from: `dimension` independent draws, uniform on (-1, 1) or standard normal."""

    dimension: PositiveInt
    distribution: Literal["uniform", "normal"]


class GeneratorStage(Section):
    """One row of a generator's table: a convolution to `width` channels, which doubles height and width first if `double` says so.

    For clips it doubles the number of frames too. The first row is the projection of the latent vector to the smallest map: the image's
    size, halved for all that doubles.
    """

    width: PositiveInt
    kernel_size: PositiveInt = 5
    double: bool = False


class GeneratorParameters(Section):
    """Generator: projection, convolutional stages, output convolution.

    Attributes:
        stages: the table, coarse to fine; None for one that suits the images, see `ganflow.networks.tables`.
        base_width: of such a table, channels at full resolution.
        upsampling: how a row doubles: `nearest`, the nearest pixel and then a convolution; or `transposed`, a transposed convolution of
            stride 2 (1511.06434).
        residual: every row but the first adds what comes in, through a convolution 1 × 1 (1512.03385).
        output_kernel_size: of the convolution to pixels.
        output_doubles: that convolution doubles too, as rows do, so that no row has the images' full size (as in 1511.06434).
        output_activation: sigmoid for pixels in [0, 1], tanh for [-1, 1].
        streams: of clips, `one`; or `two`, a foreground, a mask, and a background that stands still (1609.02612).
        mask_penalty: λ of the mean of that mask, added to the generator's loss.
        batch_normalization_momentum: of the moving statistics.
        dropout: rate after the projection.
    """

    stages: Annotated[tuple[GeneratorStage, ...], Field(min_length=2)] | None
    base_width: PositiveInt
    upsampling: Literal["nearest", "transposed"]
    residual: bool
    output_kernel_size: PositiveInt
    output_doubles: bool
    output_activation: Literal["sigmoid", "tanh"]
    streams: Literal["one", "two"]
    mask_penalty: NonNegativeFloat
    batch_normalization_momentum: Fraction
    dropout: Fraction

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        stages = self.stages or ()
        if stages and (stages[0].double or not any(stage.double for stage in stages)):
            raise ValueError("the first of stages, the projection, cannot double, and at least one of the others has to; correct 'double'")
        is_transposed = self.upsampling == "transposed"
        strided = [stage.kernel_size for stage in stages if stage.double and is_transposed]
        centred = [stage.kernel_size for stage in stages if not (stage.double and is_transposed)]
        (strided if self.output_doubles and is_transposed else centred).append(self.output_kernel_size)
        if even := [size for size in centred if size % 2 == 0]:
            raise ValueError(f"a generator's kernel sizes must be odd, so that its convolutions are centred; got {even}")
        if odd := [size for size in strided if size % 2]:
            raise ValueError(f"a transposed convolution's kernel size must be even, so that all pixels get equal shares; got {odd}; set 4")
        return self


class DiscriminatorStage(Section):
    """One row of a discriminator's table: a convolution, LeakyReLU, and dropout if the network has any.

    If `halve` says so, the convolution has stride 2, and height and width, of clips the number of frames too, are halved, rounding up.
    """

    width: PositiveInt
    kernel_size: PositiveInt
    halve: bool = False


class DiscriminatorParameters(Section):
    """Discriminator: convolutional stages, flattened into one raw logit.

    Attributes:
        stages: the table, fine to coarse; None for one that suits the images, see `ganflow.networks.tables`.
        base_width: of such a table, channels at full resolution.
        residual: every row but the first adds what comes in, through a convolution 1 × 1 (1512.03385).
        normalization: after every convolution but the first: `batch`, `layer` (over all of a map), or `none`.
        spectral_normalization: every kernel is divided by its largest singular value (1802.05957).
        leaky_slope: slope of LeakyReLU for negative inputs.
        dropout: rate after every stage.
    """

    stages: Annotated[tuple[DiscriminatorStage, ...], Field(min_length=1)] | None
    base_width: PositiveInt
    residual: bool
    normalization: Literal["none", "batch", "layer"]
    spectral_normalization: bool
    leaky_slope: NonNegativeFloat
    dropout: Fraction


class NetworksParameters(Section):
    """Both networks, as tables that `ganflow.networks.builders` folds blocks over.

    Attributes:
        conditional: whether a class is asked for and drawn; `auto` where the images have labels.
        latent: what the generator starts from.
        generator: from noise to images.
        discriminator: from images to a logit.
    """

    conditional: Literal["auto"] | bool
    latent: LatentParameters
    generator: GeneratorParameters
    discriminator: DiscriminatorParameters
