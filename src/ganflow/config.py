"""The project's parameters: one frozen, typed section for each top-level key of `conf/*/parameters_*.yml`.

A section refuses what it does not know, so a misspelt option stops the run before any work is done.
"""

from __future__ import annotations

import difflib
import itertools
import shlex
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ganflow.errors import ConfigurationError

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """Base of all sections: immutable, strict about unknown keys, with errors that a person can act on."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Build the section from plain values.

        Raises:
            ConfigurationError: naming every wrong key, what it was given, what was expected and, for unknown keys, the nearest known.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise ConfigurationError("; ".join(_explain(cls, detail) for detail in error.errors())) from None


def _explain(section: type[Section], detail: Any) -> str:
    """One sentence for one pydantic error: where, what was got, what was expected."""
    where = ".".join([section.__name__, *map(str, detail["loc"])])
    if detail["type"] == "extra_forbidden":
        known = _fields_at(section, detail["loc"][:-1])
        nearest = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        return f"{where} is not a known parameter.{hint} Known here: {', '.join(known)}"
    if detail["type"] == "missing":
        return f"{where} is missing; give it a value in conf/"
    return f"{where}: {detail['msg']} (got {detail['input']!r})"


def _fields_at(section: Any, location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the section that `location` leads to, looking through containers and unions."""
    for key in location:
        if isinstance(key, str) and key in section.model_fields:
            section = _section_in(section.model_fields[key].annotation) or section
    return sorted(section.model_fields)


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _section_in(part))), None)


class DataParameters(Section):
    """Where the images come from and how many are kept apart.

    Attributes:
        source: a key of `ganflow.data.sources.SOURCES`.
        location: folder or URL prefix, for the sources that read one.
        held_out_per_class: images of each class kept for evaluation; None takes the source's own test set.
        seed: of the draw that chooses the held-out images.
    """

    source: str
    location: str | None = None
    held_out_per_class: PositiveInt | None
    seed: Seed = 0


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
    output_activation: Literal["sigmoid", "tanh"] = "sigmoid"
    batch_normalization_momentum: Fraction = 0.9
    dropout: Fraction = 0.0

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
    normalization: Literal["none", "batch", "layer"] = "none"
    spectral_normalization: bool = False
    leaky_slope: NonNegativeFloat = 0.2
    dropout: Fraction = 0.0


class NetworksParameters(Section):
    """Both networks, as tables that `ganflow.networks.builders` folds blocks over."""

    latent: LatentParameters
    generator: GeneratorParameters
    discriminator: DiscriminatorParameters


class LearningRateDecay(Section):
    """How a learning rate falls.

    Attributes:
        schedule: `inverse_time`: rate / (1 + decay_rate * step), as Keras 2's `decay`; `cosine` or `linear`: half a cosine, or a straight
            line, from the rate to `final_fraction` of it over `num_steps` steps, constant afterwards.
        decay_rate: of `inverse_time`, per step.
        num_steps: length of `cosine` and `linear`, in updates of the network; the discriminator may have several in a step of training.
        final_fraction: end of `cosine` and `linear`.
    """

    schedule: Literal["inverse_time", "cosine", "linear"]
    decay_rate: NonNegativeFloat | None = None
    num_steps: PositiveInt | None = None
    final_fraction: NonNegativeFloat = 0.0

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
    beta_1: Fraction = 0.0
    beta_2: Fraction = 0.99
    epsilon: PositiveFloat = 1e-7
    clip_value: PositiveFloat | None = None
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    decay: LearningRateDecay | None = None


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
    """Differentiable augmentation of whatever the discriminator sees (2006.10738).

    Attributes:
        translation: largest shift, as a share of height and width.
        cutout: sides of the hidden rectangle, as a share of height and width.
    """

    translation: Fraction = 0.125
    cutout: Fraction = 0.5


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
    seed: Seed = 0
    loss: str
    label_smoothing: Fraction = 0.0
    r1_weight: NonNegativeFloat = 0.0
    r2_weight: NonNegativeFloat = 0.0
    gradient_penalty: GradientPenaltyParameters | None = None
    weight_clip: PositiveFloat | None = None
    discriminator_steps: PositiveInt = 1
    discriminator_warmup: DiscriminatorWarmup | None = None
    augmentation: AugmentationParameters | None = None
    share_fakes: bool = True
    discriminator_fakes: Literal["training", "inference"] = "training"
    average_decay: Fraction = 0.99
    generator_optimizer: OptimizerParameters
    discriminator_optimizer: OptimizerParameters
    sheet_columns: Annotated[int, Field(ge=2)] = 8
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    convolution: Literal["auto", "direct", "fourier"] = "auto"
    device_data_mib: PositiveInt = 1024
    jit: Literal["auto", "on", "off"] = "auto"
    distribution: Literal["auto", "single", "mirrored", "multi_worker"] = "auto"
    resume: Literal["auto", "required", "never"] = "auto"

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


class HealthParameters(Section):
    """What is watched while a run trains.

    Attributes:
        on_collapse: what a serious finding does: `warn`, or `stop` once what training has reached is saved.
        warmup_steps: before these images are not judged; every generator starts with bad ones.
        score_every: steps between two scores of the averaged generator, rounded up to whole intervals; the last step is scored always.
            The best one is what a run exports.
        num_samples: generated images in a score, and real ones that they are compared with.
        batch_size: images drawn or classified in one call.
        seed: of the latents, the same at every score, and of the choice of real images.
    """

    on_collapse: Literal["warn", "stop"] = "warn"
    warmup_steps: Annotated[int, Field(ge=0)] = 500
    score_every: PositiveInt = 300
    num_samples: Annotated[int, Field(ge=4)] = 2000
    batch_size: PositiveInt = 500
    seed: Seed = 3


class SamplingParameters(Section):
    """What is drawn from a trained generator.

    Attributes:
        num_images: single PNGs.
        batch_size: images drawn in one call.
        sheet_columns: the sample sheet is a square with this many images on a side.
        num_interpolations: rows of the interpolation strip.
        num_interpolation_steps: images in each of its rows, both ends included.
        seed: of the latents.
    """

    num_images: PositiveInt
    batch_size: PositiveInt
    sheet_columns: PositiveInt
    num_interpolations: PositiveInt
    num_interpolation_steps: Annotated[int, Field(ge=2)]
    seed: Seed = 1


class EvaluationParameters(Section):
    """How a generator is scored.

    Attributes:
        num_samples: generated images that are scored; real training images and noise are scored in the same number.
        batch_size: images drawn or classified in one call.
        num_neighbours: k of precision, recall, density and coverage.
        extractor_epochs: passes of the digit classifier over the training split.
        extractor_batch_size: of those passes.
        extractor_learning_rate: peak of their one-cycle schedule.
        minimum_accuracy: on held-out images; a weaker classifier is refused, since its features mean little.
        seed: of the classifier, the latents and the noise.
    """

    num_samples: Annotated[int, Field(ge=2)]
    batch_size: PositiveInt
    num_neighbours: PositiveInt
    extractor_epochs: PositiveInt
    extractor_batch_size: PositiveInt
    extractor_learning_rate: PositiveFloat
    minimum_accuracy: Annotated[float, Field(ge=0, le=1)]
    seed: Seed = 2


class SeedStudyParameters(Section):
    """The same recipe from several seeds, or several recipes beside each other.

    Attributes:
        num_seeds: runs of each recipe.
        first_seed: of theirs, which are consecutive.
        recipes: environments, such as `classic`, or `default` for the base environment; none takes the settings of the run at hand.
        num_steps: of every run; None for what its recipe says.
    """

    num_seeds: PositiveInt
    first_seed: Seed = 0
    recipes: tuple[str, ...] = ()
    num_steps: PositiveInt | None = None

    @field_validator("recipes", mode="before")
    @classmethod
    def _take_one_name(cls, value: Any) -> Any:
        """`recipes=classic` means the list of it."""
        return (value,) if isinstance(value, str) else value


class TrackingParameters(Section):
    """What is recorded of every training run, in MLflow.

    The catalog says where: the path of `champion`, unless MLflow's own variables (MLFLOW_TRACKING_URI, …) name a server.

    Attributes:
        enabled: whether anything is.
        experiment: that the runs are recorded in.
    """

    enabled: bool = True
    experiment: Annotated[str, Field(min_length=1)] = "ganflow"


class GateParameters(Section):
    """What a challenger has to show to become champion. Each condition can be dropped.

    Attributes:
        confidence: of the intervals of a difference between challenger and champion, over draws of samples.
        kernel_distance_improves: the kernel distance is lower by more than the noise.
        not_worse: scores that must not be lower by more than the noise.
        every_class: every class is reached, in every draw.
        minimum_nearest_distance: the median distance to the nearest training image is at least this share of that of held-out images;
            a generator that copies training images comes closer. None to drop the condition.
        healthy: the doctor has found nothing serious at the end of training.
    """

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    kernel_distance_improves: bool = True
    not_worse: tuple[Literal["coverage", "recall", "precision", "density"], ...] = ("coverage", "recall")
    every_class: bool = True
    minimum_nearest_distance: NonNegativeFloat | None = 0.6
    healthy: bool = True


class RetrainingParameters(Section):
    """Training a challenger when there is a reason to, and promoting it if it is better than the champion.

    Attributes:
        force: train a challenger without any other reason.
        max_age_days: a champion promoted longer ago is a reason; None for none.
        warm_start: the challenger starts from the networks of the champion's newest checkpoint instead of fresh weights.
        num_draws: of samples that champion and challenger are scored on; their spread is the noise of a score.
        seed: of the first draw; the others follow.
        keep: challengers whose checkpoints, records and registered versions stay, the newest; champion and previous stay always.
        gate: conditions.
    """

    force: bool = False
    max_age_days: PositiveFloat | None = None
    warm_start: bool = False
    num_draws: Annotated[int, Field(ge=2)] = 5
    seed: Seed = 4
    keep: PositiveInt = 5
    gate: GateParameters = GateParameters()


class NotifyParameters(Section):
    """Whom to tell of a retraining that has promoted, rejected or failed.

    Attributes:
        command: program and arguments; it gets the event as JSON on its standard input. None for nobody. One string is split as a shell
            would.
        timeout_seconds: after which it is ended.
    """

    command: tuple[str, ...] | None = None
    timeout_seconds: PositiveFloat = 30.0

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @field_validator("command")
    @classmethod
    def _check_program(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value == ():
            raise ValueError("the command is empty; name a program, or set it to null")
        return value


SECTIONS: dict[str, type[Section]] = {
    "data": DataParameters,
    "networks": NetworksParameters,
    "training": TrainingParameters,
    "health": HealthParameters,
    "sampling": SamplingParameters,
    "evaluation": EvaluationParameters,
    "seed_study": SeedStudyParameters,
    "retraining": RetrainingParameters,
    "tracking": TrackingParameters,
    "notify": NotifyParameters,
}

RUN_SECTIONS = ("tracking", "notify")
"""Sections that concern a run rather than a node; hooks read them."""
