"""Registered generators, by alias, as catalog entries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from kedro.io import AbstractDataset, DatasetError, Version

from ganflow.datasets.keras_model import KerasModelDataset
from ganflow.datasets.local import local_path
from ganflow.datasets.text import JSONDataset
from ganflow.errors import ConfigurationError, TrackingError
from ganflow.records import Champion, GeneratorRecord, Promotion, RegisteredVersion
from ganflow.tracking.registry import CHAMPION, MODEL_FILE, PROMOTED, ROLLED_BACK, SHA256, ModelVersion, Registry, read_record
from ganflow.tracking.store import Store

if TYPE_CHECKING:
    import keras

NO_VERSION = Version(None, None)


class RegisteredDataset(AbstractDataset[NoReturn, Any]):
    """Base of what reads one registered version: the one that an alias points at, or with `--load-versions NAME:3` version 3.

    Kedro takes a dataset's arguments from the signature of its own class, so the classes below repeat those that they share.

    Args:
        path: folder of the embedded registry; MLflow's own variables name a server instead.
        model: name of the model in the registry.
        alias: of the version.
        filepath: of versioned exports, the newest of which is taken as long as nothing has the alias; None for none.
        missing_ok: load None where there is neither, instead of failing.
        version: of Kedro's versioning, from `versioned: true` in the catalog.
        metadata: for Kedro's plugins.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: str,
        alias: str,
        exported: AbstractDataset[Any, Any] | None,
        missing_ok: bool,
        version: Version | None,
        metadata: dict[str, Any] | None,
    ) -> None:
        self.registry = Registry(Store(local_path(path).absolute()), model)
        self._alias, self._exported, self._missing_ok = alias, exported, missing_ok
        self._number = _number(version)
        self.metadata = metadata

    def load(self) -> Any:
        """Read what the registry has, or else what was exported.

        Raises:
            TrackingError: if there is no such version, or its files are not there.
            CheckpointError: if a file is damaged.
        """
        found = self._find()
        if found is not None:
            return self._read(found)
        if self._exported is not None and self._exported.exists():
            return self._exported.load()
        if self._missing_ok:
            return None
        raise TrackingError(
            f"There is no {self._alias} of '{self.registry.model}' yet. Train one: kedro run; to choose one by its scores: "
            "kedro run --pipelines retraining"
        )

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            f"Got {type(data).__name__} to save as '{self._alias}'. Versions are registered by training, aliases moved by promotion."
        )

    def _read(self, version: ModelVersion) -> Any:
        raise NotImplementedError

    def _find(self) -> ModelVersion | None:
        return self.registry.by_number(self._number) if self._number is not None else self.registry.by_alias(self._alias)

    def _describe(self) -> dict[str, Any]:
        return {"path": self.registry.store.folder.as_posix(), "model": self.registry.model, "alias": self._alias}

    def _exists(self) -> bool:
        return self._find() is not None


class RegisteredGeneratorDataset(RegisteredDataset):
    """A registered generator, built, with its weights; see `RegisteredDataset`."""

    def __init__(
        self,
        *,
        path: str | os.PathLike[str],
        model: str,
        alias: str = CHAMPION,
        filepath: str | os.PathLike[str] | None = None,
        missing_ok: bool = False,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        exported = None if filepath is None else KerasModelDataset(filepath=filepath, version=NO_VERSION)
        super().__init__(path, model, alias, exported, missing_ok, version, metadata)

    def _read(self, version: ModelVersion) -> keras.Model:
        return KerasModelDataset(filepath=self.registry.fetch(version) / MODEL_FILE).load()


class RegisteredRecordDataset(RegisteredDataset):
    """The record of a registered generator, as `export_generator` wrote it; see `RegisteredDataset`.

    Args:
        with_version: load a `Champion`, which has the record, number and time of promotion, instead of the record alone.
    """

    def __init__(
        self,
        *,
        path: str | os.PathLike[str],
        model: str,
        alias: str = CHAMPION,
        filepath: str | os.PathLike[str] | None = None,
        missing_ok: bool = False,
        with_version: bool = False,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        exported = None if filepath is None else JSONDataset(filepath=filepath, version=NO_VERSION)
        super().__init__(path, model, alias, exported, missing_ok, version, metadata)
        self._with_version = with_version

    def _read(self, version: ModelVersion) -> GeneratorRecord | Champion:
        record = read_record(self.registry.fetch(version))
        return {"record": record, "version": version.number, "promoted": version.promoted} if self._with_version else record


class RegisteredVersionsDataset(RegisteredDataset):
    """All versions, as plain values, oldest first."""

    def __init__(self, *, path: str | os.PathLike[str], model: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(path, model, CHAMPION, None, True, None, metadata)

    def load(self) -> list[RegisteredVersion]:
        """Every version that the registry has."""
        return [
            {
                "number": version.number,
                "run_id": version.run_id,
                "sha256": version.tags.get(SHA256),
                "promoted": version.tags.get(PROMOTED),
                "rolled_back": version.tags.get(ROLLED_BACK),
                "aliases": list(version.aliases),
            }
            for version in self.registry.versions()
        ]


class PromotionDataset(AbstractDataset[Promotion, NoReturn]):
    """Carries out a decision: saving one that promotes moves the alias `champion`. Safe to repeat."""

    def __init__(self, *, path: str | os.PathLike[str], model: str, metadata: dict[str, Any] | None = None) -> None:
        self.registry = Registry(Store(local_path(path).absolute()), model)
        self.metadata = metadata

    def save(self, data: Promotion) -> None:
        """Promote, if that was decided.

        Raises:
            TrackingError: if these weights are not registered, the champion has changed since, or they have been champion before.
        """
        sha256 = data["sha256"]
        if not data["promote"] or sha256 is None:
            return
        challenger, champion = self.registry.find(sha256), self.registry.by_alias(CHAMPION)
        if challenger is None:
            raise TrackingError(
                f"No version of '{self.registry.model}' has the weights {sha256[:12]}…, which are to be promoted. "
                "Register them by running the training pipeline with tracking.enabled=true."
            )
        if champion is not None and champion.number not in (data["champion"], challenger.number):
            raise TrackingError(
                f"The challenger was judged against version {data['champion']}, but version {champion.number} has become champion since. "
                "Run the retraining again."
            )
        if PROMOTED in challenger.tags and (champion is None or champion.number != challenger.number):
            raise TrackingError(
                f"Version {challenger.number} has been champion before, and what was rolled back is not promoted again. To go back to it: "
                f"kedro champion rollback --to {challenger.number}"
            )
        self.registry.promote(challenger.number)

    def load(self) -> NoReturn:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError("A promotion is carried out, not kept; the decision that led to it is in `decisions`.")

    def _describe(self) -> dict[str, Any]:
        return {"path": self.registry.store.folder.as_posix(), "model": self.registry.model}

    def _exists(self) -> bool:
        return False


def _number(version: Version | None) -> int | None:
    if version is None or version.load is None:
        return None
    if not version.load.isdecimal():
        raise ConfigurationError(
            f"Got version '{version.load}' of a registered generator, expected a number; see `kedro champion history`."
        )
    return int(version.load)
