"""What a rule of the doctor sees, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import AdversarialLoss

Row = Mapping[str, float]
"""A row of history, by column; what was not measured at its step is NaN."""

PATIENCE = 3
"""Rows in a row that have to be bad."""

VISIBLE = 0.3
"""Contrast of images that are not blank, as a share of that of real ones."""

_USUAL_RATES = (5e-5, 4e-3)
"""Of a generator with Adam or RMSprop, whose steps hardly depend on the size of gradients: from WGAN's to twice this project's default."""

_PATIENCE_WITH_IMAGES = {PATIENCE: 0.05, 8: 0.5}
"""For how many rows images may be bad, and which share of their distance to real ones has to go within these for more patience."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a run.

    Attributes:
        name: of the rule.
        severity: `serious`, the run is failing; `notice`, its result suffers; `advice`, a setting that often leads to either.
        evidence: numbers, and what they should be.
        cause: the likely one.
        remedy: the parameter to change.
        first_step: at which it was seen; 0 for settings.
        last_step: at which it was seen last.
    """

    name: str
    severity: Literal["serious", "notice", "advice"]
    evidence: str
    cause: str
    remedy: str
    first_step: int = 0
    last_step: int = 0

    def __str__(self) -> str:
        """One line for a log."""
        return f"{self.name.replace('_', ' ').capitalize()} at step {self.last_step}: {self.evidence}. {self.cause} {self.remedy}"


@dataclass(frozen=True)
class Chart:
    """What a rule sees.

    Attributes:
        rows: of history, up to now.
        real: the columns that are about images, measured on real ones.
        parameters: of training.
        loss: the named pair.
        warmup_steps: before these images are not judged.
        has_batch_normalization: whether the discriminator has, so that a penalty on its slope would mean nothing.
    """

    rows: list[Row]
    real: Row
    parameters: TrainingParameters
    loss: AdversarialLoss
    warmup_steps: int
    has_batch_normalization: bool = False

    @property
    def now(self) -> Row:
        """The newest row."""
        return self.rows[-1]

    def scored(self) -> list[Row]:
        """The rows with a score."""
        return [row for row in self.rows if np.isfinite(row["kernel_distance"])]

    def stays_bad(self, measure: Callable[[Row], float], is_bad: Callable[[float], bool]) -> bool:
        """Whether a measure of the images has been bad in the newest rows after the warm-up, without coming nearer to real images."""
        for patience, improvement in _PATIENCE_WITH_IMAGES.items():
            values = [measure(row) for row in self.rows[-patience:] if row["step"] > self.warmup_steps]
            if len(values) == patience and all(map(is_bad, values)):
                before, now = (abs(value - measure(self.real)) for value in (values[0], values[-1]))
                if now > (1 - improvement) * before:
                    return True
        return False

    def is_visible(self) -> bool:
        """Whether there is anything in the images whose texture could be judged."""
        return self.now["sheet_contrast"] >= VISIBLE * self.real["sheet_contrast"]

    def bound_slope(self) -> str:
        """The beginning of a remedy: bound the discriminator's slope, or more tightly."""
        parameters = self.parameters
        if self.has_batch_normalization or parameters.weight_clip:
            changes = {
                "networks.discriminator.normalization to layer": self.has_batch_normalization,
                "training.gradient_penalty.weight to 10": self.loss.needs_lipschitz and parameters.gradient_penalty is None,
                "training.r1_weight to 1": not self.loss.needs_lipschitz and not parameters.r1_weight,
                # clipped weights cannot reach the slope that the penalty asks for
                "training.weight_clip to null": bool(parameters.weight_clip),
            }
            *others, last = (change for change, is_due in changes.items() if is_due)
            return f"Set {', '.join(others)} and {last}" if others else f"Set {last}"
        if parameters.gradient_penalty is not None:
            return f"Raise training.gradient_penalty.weight (now {parameters.gradient_penalty.weight:g})"
        if parameters.r1_weight:
            return f"Raise training.r1_weight to {3 * parameters.r1_weight:g} (now {parameters.r1_weight:g})"
        return "Set training.r1_weight to 1 (now 0)"

    def mend_rate(self) -> str:
        """The beginning of a remedy for images that are nothing: the generator's rate if it is unusual, else the discriminator's slope."""
        (low, high), rate = _USUAL_RATES, self.parameters.generator_optimizer.learning_rate
        if low <= rate <= high:
            return f"{self.bound_slope()}, or lower training.generator_optimizer.learning_rate (now {rate:g})"
        direction = "Raise" if rate < low else "Lower"
        return f"{direction} training.generator_optimizer.learning_rate (now {rate:g}; from {low:g} to {high:g} is usual)"

    def clip_steps(self, *roles: str) -> str:
        """The end of a remedy: clip the gradients of these networks, where that is not done yet."""
        limits = {f"training.{role}_optimizer.clip_value": getattr(self.parameters, f"{role}_optimizer").clip_value for role in roles}
        names = [name for name, limit in limits.items() if limit is None or limit > 1]
        return f", or set {' and '.join(names)} to 1" if names else ""

    def rates(self) -> str:
        """Both learning rates, for a remedy."""
        both = self.parameters.discriminator_optimizer.learning_rate, self.parameters.generator_optimizer.learning_rate
        return "training.discriminator_optimizer.learning_rate = {:g} and training.generator_optimizer.learning_rate = {:g}".format(*both)
