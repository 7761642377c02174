"""What passes between the parts of the doctor: the chart that a rule reads, what it detects, and the finding that is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import AdversarialLoss

Row = Mapping[str, float]
"""A row of history, by column; what was not measured at its step is NaN."""

PATIENCE = 3
"""How many rows, one after the other, have to be bad."""

VISIBLE = 0.3
"""Contrast of images that are not blank, as a share of that of real ones."""

_PATIENCE_WITH_IMAGES = {PATIENCE: 0.05, 8: 0.5}
"""Images that are bad for this many rows are a finding, unless this share of their distance to real ones goes within these rows."""


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
class Detection:
    """What a rule has found in a chart, without words.

    Attributes:
        name: of the rule.
        numbers: what the rule measured and compared it with.
        subject: what is bad, where the name leaves it open: a column of history, another rule, or an error's message.
    """

    name: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    subject: str = ""


@dataclass(frozen=True)
class Recipe:
    """What a run is trained with, as far as remedies depend on it.

    Attributes:
        training: its parameters.
        has_batch_normalization: whether the discriminator normalises over the batch, so that a penalty on its slope means nothing.
    """

    training: TrainingParameters
    has_batch_normalization: bool = False


@dataclass(frozen=True)
class Chart:
    """What a rule sees.

    Attributes:
        rows: of history, up to now.
        real: the columns that are about images, measured on real ones.
        loss: the named pair.
        warmup_steps: before these are over, images are not judged.
    """

    rows: list[Row]
    real: Row
    loss: AdversarialLoss
    warmup_steps: int

    @property
    def newest(self) -> Row:
        """The newest row."""
        return self.rows[-1]

    def judged(self) -> list[Row]:
        """The rows after the warm-up, whose images are judged."""
        return [row for row in self.rows if row["step"] > self.warmup_steps]

    def scored(self) -> list[Row]:
        """Those of the judged rows that have a score."""
        return [row for row in self.judged() if np.isfinite(row["kernel_distance"])]

    def stays_bad(self, measure: Callable[[Row], float], is_bad: Callable[[float], bool]) -> bool:
        """Whether a measure of the images is bad in the newest rows, and does not come nearer to that of real images."""
        for patience, improvement in _PATIENCE_WITH_IMAGES.items():
            values = [measure(row) for row in self.judged()[-patience:]]
            if len(values) == patience and all(map(is_bad, values)):
                before, now = (abs(value - measure(self.real)) for value in (values[0], values[-1]))
                if now > (1 - improvement) * before:
                    return True
        return False

    def is_visible(self) -> bool:
        """Whether the newest images show anything whose texture could be judged."""
        return self.newest["sheet_contrast"] >= VISIBLE * self.real["sheet_contrast"]
