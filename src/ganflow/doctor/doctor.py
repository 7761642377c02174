"""The doctor reads what training measures, and says what is wrong, which numbers show it, why, and which parameter to change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ganflow.config.health import HealthParameters
from ganflow.config.training import TrainingParameters
from ganflow.doctor import wording
from ganflow.doctor.findings import Chart, Detection, Finding, Recipe, Row
from ganflow.doctor.rules import RULES
from ganflow.losses.adversarial import find_loss


@dataclass
class Doctor:
    """Watches one run.

    Attributes:
        real: what real images score, by column of history.
        parameters: of training.
        health: what is watched.
        has_batch_normalization: whether the discriminator normalises over the batch.
        findings: so far, by name; those about settings from the start.
    """

    real: Row
    parameters: TrainingParameters
    health: HealthParameters
    has_batch_normalization: bool = False
    findings: dict[str, Finding] = field(default_factory=dict)
    _rows: list[Row] = field(default_factory=list)

    def advise(self, findings: list[Finding]) -> list[Finding]:
        """Take in what was found in the settings; return it."""
        self.findings.update({f"{finding.name} {finding.evidence}": finding for finding in findings})
        return findings

    def observe(self, row: Row) -> list[Finding]:
        """Take in the next row of history.

        Returns:
            The findings in it that were not known before.
        """
        self._rows.append(row)
        chart, recipe = self._chart(), self._recipe()
        detections = [(word, detection) for rule, word in RULES.items() if (detection := rule(chart)) is not None]
        findings = [self._note(word(detection, recipe), int(row["step"])) for word, detection in detections]
        return [finding for finding in findings if finding is not None]

    def diverged(self, message: str) -> None:
        """Note that training has ended in numbers that are not finite."""
        self._note(wording.divergence(Detection("divergence", subject=message), self._recipe()), self._newest_step())

    def diagnosis(self) -> dict[str, Any]:
        """All findings as plain values, the worst first; `healthy` is false if a serious one was still there in the newest row."""
        order = ("serious", "notice", "advice")
        found = sorted(self.findings.values(), key=lambda finding: (order.index(finding.severity), finding.first_step))
        return {"step": self._newest_step(), "healthy": not self.serious(), "findings": [asdict(finding) for finding in found]}

    def serious(self) -> list[Finding]:
        """Serious findings in the newest row, or in the settings."""
        present = (0, self._newest_step())
        return [finding for finding in self.findings.values() if finding.severity == "serious" and finding.last_step in present]

    def _newest_step(self) -> int:
        """The step of the newest row; 0 before the first."""
        return int(self._rows[-1]["step"]) if self._rows else 0

    def _recipe(self) -> Recipe:
        return Recipe(self.parameters, self.has_batch_normalization)

    def _chart(self) -> Chart:
        loss = find_loss(self.parameters.loss, self.parameters.label_smoothing)
        return Chart(self._rows, self.real, loss, self.health.warmup_steps)

    def _note(self, finding: Finding, step: int) -> Finding | None:
        """Remember a finding; return it if it is new."""
        known = self.findings.get(finding.name)
        first = known.first_step if known else step
        self.findings[finding.name] = replace(finding, first_step=first, last_step=step)
        return None if known else self.findings[finding.name]
