"""The parameters of every environment, for a run that compares them, and those that nobody has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from kedro.config import OmegaConfigLoader
from kedro.io import AbstractDataset, DatasetError

from ganflow.datasets.local import local_path
from ganflow.presets import BASE, SOFT, PresetConfigLoader, list_presets


class RecipesDataset(AbstractDataset[NoReturn, dict[str, Callable[[], dict[str, Any]]]]):
    """A folder of presets, read only, each with what `kedro run --env` would make of it; `base` is none but the defaults.

    Args:
        path: of the folder.
        changes: parameters that are laid over those of every preset, by section.
        metadata: for other programs.
    """

    def __init__(
        self, *, path: str | os.PathLike[str], changes: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        self._path = local_path(path)
        self._changes = {section: changed for section, changed in (changes or {}).items() if changed}
        self.metadata = metadata

    def load(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """{name of the preset: function that reads its parameters}."""
        return {name: partial(self._read, name) for name in list_presets(self._path)}

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(f"Got {type(data).__name__} to save in {self._path}, which is configuration and written by hand.")

    def _read(self, name: str) -> dict[str, Any]:
        loader = PresetConfigLoader(str(self._path), env=name, base_env=BASE, runtime_params=self._changes, merge_strategy=SOFT)
        parameters: dict[str, Any] = loader["parameters"]
        return parameters

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "changes": self._changes}

    def _exists(self) -> bool:
        return self._path.is_dir()


class DefaultParametersDataset(AbstractDataset[NoReturn, dict[str, Any]]):
    """The parameters of `base` alone, without a preset, this machine's changes or the command line; read only.

    Args:
        path: of the folder of presets.
        metadata: for other programs.
    """

    def __init__(self, *, path: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._path = local_path(path)
        self.metadata = metadata

    def load(self) -> dict[str, Any]:
        """{section: its parameters}; {} where there is no such folder, as for a packaged project with its configuration elsewhere."""
        if not (self._path / BASE).is_dir():
            return {}
        parameters: dict[str, Any] = OmegaConfigLoader(str(self._path), base_env=BASE, default_run_env=BASE)["parameters"]
        return parameters

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(f"Got {type(data).__name__} to save in {self._path}, which is configuration and written by hand.")

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix()}

    def _exists(self) -> bool:
        return self._path.is_dir()
