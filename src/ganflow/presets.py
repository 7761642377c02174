"""Configuration in three layers: what every run has, what a preset changes, and what this machine's user changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf import OmegaConf

BASE, LOCAL = "base", "local"
"""Folders of the first layer and of the last; any other folder is a preset."""

SOFT = {"parameters": "soft"}
"""A layer names only the parameters that it changes; a catalog entry or a credential it gives whole."""


class PresetConfigLoader(OmegaConfigLoader):
    """Kedro's loader, with `conf/local` laid over whichever preset `--env` names.

    Kedro knows two layers and lets a preset take the place of `conf/local`, where credentials are.
    """

    def __init__(self, conf_source: str, env: str | None = None, **options: Any) -> None:
        if env in (None, LOCAL) and not (Path(conf_source) / LOCAL).is_dir():
            env = BASE
        super().__init__(conf_source, env, **options)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """One kind of configuration: base, then the preset, then local, then what the command line says.

        Raises:
            MissingConfigException: if the preset does not exist, or no layer has this kind of configuration.
        """
        if key in self:
            return super().__getitem__(key)
        try:
            below = super().__getitem__(key)
        except MissingConfigException:
            local = self._read_local(key) if self._folder(self.env or LOCAL).is_dir() else {}
            if not local:
                raise
            return local
        if (self.env or LOCAL) == LOCAL:
            return below
        local = self._read_local(key)
        if self.merge_strategy.get(key) == "soft":
            merged: dict[str, Any] = OmegaConf.to_container(OmegaConf.merge(below, local))  # type: ignore[assignment]
            return merged
        return below | local

    def _read_local(self, key: str) -> dict[str, Any]:
        """What `conf/local` has of this kind, with the command line's parameters over it; {} where there is no such folder."""
        folder = self._folder(LOCAL)
        if not folder.is_dir():
            return {}
        found: dict[str, Any] = self.load_and_merge_dir_config(
            str(folder), self.config_patterns[key], key, set(), read_environment_variables=key == "credentials"
        )
        return found

    def _folder(self, environment: str) -> Path:
        return Path(self.conf_source) / environment


def list_presets(conf: Path) -> list[str]:
    """Names for `--env`, the base first."""
    names = sorted(folder.name for folder in conf.iterdir() if folder.is_dir() and folder.name not in (BASE, LOCAL))
    return [BASE, *names]
