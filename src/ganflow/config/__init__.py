"""The project's parameters: one frozen, typed section for each top-level key of `conf/*/parameters_*.yml`, in a file of its own.

A section refuses what it does not know, so a misspelt option stops the run before any work is done.
"""

from __future__ import annotations

from ganflow.config.data import DataParameters
from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.extractor import ExtractorParameters
from ganflow.config.health import HealthParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.notify import NotifyParameters
from ganflow.config.reporting import ReportingParameters
from ganflow.config.retraining import RetrainingParameters
from ganflow.config.sampling import SamplingParameters
from ganflow.config.section import Section
from ganflow.config.seed_study import SeedStudyParameters
from ganflow.config.tracking import TrackingParameters
from ganflow.config.training import TrainingParameters

SECTIONS: dict[str, type[Section]] = {
    "data": DataParameters,
    "networks": NetworksParameters,
    "training": TrainingParameters,
    "health": HealthParameters,
    "sampling": SamplingParameters,
    "extractor": ExtractorParameters,
    "evaluation": EvaluationParameters,
    "reporting": ReportingParameters,
    "seed_study": SeedStudyParameters,
    "retraining": RetrainingParameters,
    "tracking": TrackingParameters,
    "notify": NotifyParameters,
}

RUN_SECTIONS = ("tracking", "notify")
"""Sections that concern a run rather than a node; hooks read them."""
