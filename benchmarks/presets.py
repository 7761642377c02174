"""Networks and training of a preset, for scripts that train without Kedro."""

from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from ganflow.config.data import DataParameters
from ganflow.config.extractor import ExtractorParameters
from ganflow.config.health import HealthParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.settings import CONFIG_LOADER_ARGS

ROOT = Path(__file__).parents[1]


def read_preset(preset: str) -> tuple[NetworksParameters, TrainingParameters]:
    """The sections of `base`, with a preset's changes laid over them as `kedro run --env` does."""
    parameters = _read(preset)
    return NetworksParameters.model_validate(parameters["networks"]), TrainingParameters.model_validate(parameters["training"])


def read_data(preset: str = "base", **changes: Any) -> DataParameters:
    """Where a preset takes its images from, with some changes."""
    return DataParameters.model_validate(_read(preset)["data"] | changes)


def read_extractor(preset: str = "base") -> ExtractorParameters:
    """How a preset trains the classifier that scores."""
    return ExtractorParameters.model_validate(_read(preset)["extractor"])


def read_health(preset: str = "base") -> HealthParameters:
    """What a preset watches."""
    return HealthParameters.model_validate(_read(preset)["health"])


def altered(section: Any, changes: dict[str, Any]) -> Any:
    """A section with changes laid over it, section by section, as a preset does."""
    return type(section).model_validate(_merge(section.model_dump(), changes))


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """{name: value} with changes laid over it."""
    return values | {
        name: _merge(values[name], change) if isinstance(change, dict) and isinstance(values.get(name), dict) else change
        for name, change in changes.items()
    }


def _read(preset: str) -> dict[str, Any]:
    loader = OmegaConfigLoader(str(ROOT / "conf"), env=preset, **CONFIG_LOADER_ARGS)
    return loader["parameters"]
