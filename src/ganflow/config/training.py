"""`parameters_training.yml`: adversarial training."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ganflow.config.section import Fraction, NonNegativeFloat, PositiveFloat, PositiveInt, Section, Seed


class LearningRateDecay(Section):
    """How a learning rate falls.

    Attributes:
        schedule: `inverse_time`: rate / (1 + decay_rate * step), as Keras 2's `decay`; `cosine` or `linear`: half a cosine, or a straight
            line, from the rate to `final_fraction` of it over `num_steps` steps, constant afterwards.
        decay_rate: of `inverse_time`, per step.
        num_steps: length of `cosine` and `linear`, in updates of the network; the discriminator may have several in a step of training.
        final_fraction: end of `cosine` and `linear`, below 1.
    """

    schedule: Literal["inverse_time", "cosine", "linear"]
    decay_rate: NonNegativeFloat | None = None
    num_steps: PositiveInt | None = None
    final_fraction: Fraction = 0.0

    @model_validator(mode="after")
    def _check_needs(self) -> Self:
        needed, foreign = ("decay_rate", "num_steps") if self.schedule == "inverse_time" else ("num_steps", "decay_rate")
        if getattr(self, needed) is None:
            raise ValueError(f"schedule '{self.schedule}' needs {needed}; set it")
        if getattr(self, foreign) is not None:
            raise ValueError(f"schedule '{self.schedule}' has no use for {foreign}; leave it out, or set it to null")
        return self


class OptimizerParameters(Section):
    """One network's optimizer.

    Attributes:
        name: `adam` (1412.6980) or `rmsprop`.
        learning_rate: per step.
        beta_1: decay of Adam's first moment; no meaning for RMSprop.
        beta_2: decay of Adam's second moment, or RMSprop's rho.
        epsilon: added to the denominator.
        clip_value: every gradient component is clipped to ± this; None for no clipping.
        warmup_steps: over which the rate rises evenly, from a share of itself in the first to all of it in the last; 0 for none.
        decay: None for a constant rate; its steps count from the beginning, warm-up included.
    """

    name: Literal["adam", "rmsprop"]
    learning_rate: PositiveFloat
    beta_1: Fraction
    beta_2: Fraction
    epsilon: PositiveFloat
    clip_value: PositiveFloat | None
    warmup_steps: Annotated[int, Field(ge=0)]
    decay: LearningRateDecay | None


class GradientPenaltyParameters(Section):
    """weight · E(‖∇D(x)‖ - target)².

    Attributes:
        weight: λ.
        points: x, `between` real and fake images (WGAN-GP, 1704.00028) or `around` real ones (DRAGAN, 1705.07215).
        target: norm that is wanted.
    """

    weight: PositiveFloat = 10.0
    points: Literal["between", "around"] = "between"
    target: NonNegativeFloat = 1.0


class DiscriminatorWarmup(Section):
    """More discriminator updates in the first `num_steps` steps, and in every `every`-th (1701.07875, its authors' code).

    Attributes:
        num_steps: at the start.
        every: distance of the later ones.
        discriminator_steps: in each of these steps.
    """

    num_steps: Annotated[int, Field(ge=0)] = 25
    every: PositiveInt = 500
    discriminator_steps: PositiveInt = 100


class AugmentationParameters(Section):
    """Differentiable augmentation of whatever the discriminator sees (2006.10738). What is not named is not done.

    Attributes:
        translation: largest shift, as a share of height and width.
        cutout: sides of the hidden rectangle, as a share of height and width.
        mirror: every second image, drawn by chance, is mirrored, left to right; not for writing, which has no other side.
        colour: how much brightness, saturation and contrast change; 1 is the source's, 0 none. Of grey images, brightness and contrast.
    """

    translation: Fraction = 0.0
    cutout: Fraction = 0.0
    mirror: bool = False
    colour: NonNegativeFloat = 0.0


class TrainingParameters(Section):
    """Adversarial training.

    Attributes:
        num_steps: of training in all; one step updates the generator once.
        batch_size: real images in a step, and fakes.
        interval: steps between two checkpoints; also one history row and one sheet.
        seed: of weights and of every draw.
        loss: a key of `ganflow.losses.adversarial.LOSSES`.
        label_smoothing: the discriminator is taught 1 minus this for real images (1606.03498, section 3.4); 0 for none.
        r1_weight: γ of R1, in ½γ·E‖∇D(x)‖² over real images (1801.04406); 0 for none.
        r2_weight: γ of R2, the same over fake images; 0 for none.
        r1_every: updates of the discriminator from one with R1 and R2 to the next; they weigh as many times as much then (1912.04958,
            section 3.1).
        gradient_penalty: on the norm of the discriminator's gradient; None for none.
        weight_clip: after every update the discriminator's weights are clipped to ± this (1701.07875); None for no clipping.
        discriminator_steps: updates of the discriminator for one of the generator, each with its own images.
        discriminator_warmup: steps with more of them; None for none.
        augmentation: of the discriminator's images; None for none.
        share_fakes: one batch of fakes serves both updates. Otherwise the generator learns from new noise.
        discriminator_fakes: mode of the generator in which fakes for the discriminator are made: `training`, with the statistics of their
            batch, like the generator's own; or `inference`, as in the 2017 post, for fakes that are not shared.
        average_decay: per-step decay of the running average of the generator's weights; at step s at most (1 + s) / (10 + s), so the first
            random weights are soon forgotten, and 0.998 is reached at step 4,490.
        sheet_columns: the fixed-latent sheet is a square with this many images on a side.
        precision: of the convolutions, `float32`, `bfloat16`, or `auto` for bfloat16 where the hardware has it. Weights, losses, sums
            of penalties, averages and optimizer state are float32 always; the slopes that are penalised pass through the convolutions.
        convolution: how the generator convolves in training: `direct`; `fourier`, by Fourier coefficients wherever that takes fewer
            multiplications; or `auto` for `fourier` on processors and `direct` on accelerators. The results differ by rounding.
        device_data_mib: images up to this size in MiB are kept in memory, on the device where XLA compiles; larger sets are read from
            their file, batch by batch, ahead of time.
        jit: whether XLA compiles the step: `on`, `off`, or `auto` for a single accelerator only.
        distribution: which devices share a batch: `single`, one; `mirrored`, all GPUs of the machine; `multi_worker`, the machines that
            TF_CONFIG names; `auto`, the largest of these that there is.
        resume: `auto` continues an unfinished run of the same identity, `required` fails without one, `never` starts anew.
    """

    # What may change between two runs that are still the same run, continued.
    NOT_IDENTITY: ClassVar[frozenset[str]] = frozenset({"num_steps", "interval", "device_data_mib", "distribution", "resume"})

    num_steps: PositiveInt
    batch_size: PositiveInt
    interval: PositiveInt
    seed: Seed
    loss: str
    label_smoothing: Fraction
    r1_weight: NonNegativeFloat
    r2_weight: NonNegativeFloat
    r1_every: PositiveInt
    gradient_penalty: GradientPenaltyParameters | None
    weight_clip: PositiveFloat | None
    discriminator_steps: PositiveInt
    discriminator_warmup: DiscriminatorWarmup | None
    augmentation: AugmentationParameters | None
    share_fakes: bool
    discriminator_fakes: Literal["training", "inference"]
    average_decay: Fraction
    generator_optimizer: OptimizerParameters
    discriminator_optimizer: OptimizerParameters
    sheet_columns: Annotated[int, Field(ge=2)]
    precision: Literal["auto", "float32", "bfloat16"]
    convolution: Literal["auto", "direct", "fourier"]
    device_data_mib: PositiveInt
    jit: Literal["auto", "on", "off"]
    distribution: Literal["auto", "single", "mirrored", "multi_worker"]
    resume: Literal["auto", "required", "never"]

    @model_validator(mode="after")
    def _check_fakes(self) -> Self:
        if self.share_fakes and self.discriminator_fakes == "inference":
            raise ValueError("shared fakes are made in training mode; set discriminator_fakes: training, or share_fakes: false")
        return self

    def identity(self) -> dict[str, Any]:
        """The parameters that decide which weights a step arrives at, as plain values."""
        # with the images on the device XLA compiles the whole loop, which rounds differently from a step compiled alone
        among_it = {"device_data_mib"} if self.jit == "on" else set()
        return self.model_dump(mode="json", exclude=set(self.NOT_IDENTITY - among_it))
