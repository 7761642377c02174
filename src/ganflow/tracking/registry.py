"""Versions of the generator, and the aliases that point at them: champion, challenger, previous.

One move of the alias `champion` is a promotion or a roll-back. Every version has on record when it last became champion, and a move
begins by noting the one before it, if that was cut off. So which version is `previous` follows from what is on record, whatever was
cut off; the alias of that name in MLflow comes last, and only tells those who look there.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from ganflow.errors import TrackingError
from ganflow.records import GeneratorRecord
from ganflow.tracking.store import Store

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"

MODEL_FILE, RECORD_FILE = "generator.keras", "generator_record.json"
"""Files of a version."""

RUN_ID, SHA256, PROMOTED, ROLLED_BACK = "ganflow.run_id", "ganflow.sha256", "ganflow.promoted", "ganflow.rolled_back"
"""Tags of a version: training run, weights, and when it last became champion or ceased to be it by hand."""


def files_folder(sha256: str) -> str:
    """Folder of a version among the artifacts of its run; a run that is continued has one for each of its generators."""
    return f"generator-{sha256[:12]}"


@dataclass(frozen=True)
class ModelVersion:
    """One registered generator.

    Attributes:
        number: 1, 2, …
        mlflow_run: that it was logged in.
        source: address of its folder of files.
        tags: by name.
        aliases: that point at it.
        created: when it was registered, in seconds since 1970.
    """

    number: int
    mlflow_run: str
    source: str
    tags: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    created: float = 0.0

    @property
    def run_id(self) -> str:
        """Identity of the training run."""
        return self.tags.get(RUN_ID, "")

    @property
    def promoted(self) -> str:
        """When it became champion, in ISO 8601; as the registration if a promotion was cut off before it was noted."""
        return self.tags.get(PROMOTED) or datetime.fromtimestamp(self.created, UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Registry:
    """Every version of one model.

    Attributes:
        store: that holds it.
        model: its name there.
    """

    store: Store
    model: str

    def by_alias(self, alias: str) -> ModelVersion | None:
        """The version that an alias points at; None if there is none.

        Raises:
            TrackingError: if the registry cannot be read.
        """
        return next((version for version in self.versions() if alias in version.aliases), None)

    def by_number(self, number: int) -> ModelVersion:
        """One version.

        Raises:
            TrackingError: if there is none of that number.
        """
        versions = {version.number: version for version in self.versions()}
        if number not in versions:
            raise TrackingError(
                f"There is no version {number} of '{self.model}': there are {sorted(versions)}. `kedro champion history` lists them."
            )
        return versions[number]

    def versions(self) -> list[ModelVersion]:
        """All versions, oldest first; [] if nothing was ever registered.

        Raises:
            TrackingError: if the registry cannot be read.
        """
        with self.store.explained():
            versions = self._read() if self.store.is_embedded else self._ask()
        previous = _previous(versions)
        return [
            replace(
                version, aliases=(*(alias for alias in version.aliases if alias != PREVIOUS), *([PREVIOUS] if version is previous else []))
            )
            for version in versions
        ]

    def register(self, mlflow_run: str, record: GeneratorRecord) -> ModelVersion:
        """Make the files that a run has logged a version; the same weights are registered once."""
        existing = self.find(record["sha256"])
        if existing is not None:
            return existing
        client = self.store.client()
        with self.store.explained():
            if not any(found.name == self.model for found in client.search_registered_models(f"name = '{self.model}'")):
                client.create_registered_model(self.model, description="Generators that ganflow has trained.")
            source = f"{client.get_run(mlflow_run).info.artifact_uri}/{files_folder(record['sha256'])}"
            tags = {RUN_ID: record["run_id"], SHA256: record["sha256"]}
            version = client.create_model_version(self.model, source=source, run_id=mlflow_run, tags=tags)
        return ModelVersion(int(version.version), mlflow_run, source, tags)

    def find(self, sha256: str) -> ModelVersion | None:
        """The newest version with these weights."""
        return next((version for version in reversed(self.versions()) if version.tags.get(SHA256) == sha256), None)

    def promote(self, number: int) -> None:
        """Make a version the champion, and the champion until now the previous one. Safe to repeat.

        Raises:
            TrackingError: if there is no version of that number.
        """
        self._make_champion(self.by_number(number))

    def roll_back(self, to: int | None = None) -> tuple[ModelVersion, ModelVersion]:
        """Make an earlier version the champion again, by default the previous one.

        Returns:
            The champion until now and the new one.

        Raises:
            TrackingError: if there is nothing to go back to, or its files are not there.
        """
        champion = self.by_alias(CHAMPION)
        target = self.by_number(to) if to is not None else self.by_alias(PREVIOUS)
        if champion is None or target is None or target.number == champion.number:
            state = "there is no champion" if champion is None else f"version {champion.number} is the champion"
            wanted = "there is no other, previous one" if to is None else f"version {to} was asked for"
            raise TrackingError(f"Nothing to go back to: {state}, and {wanted}. `kedro champion history` lists the versions.")
        read_record(self.fetch(target))
        self._make_champion(target)
        self._tag(champion, ROLLED_BACK, datetime.now(UTC))
        return champion, target

    def set_alias(self, alias: str, number: int) -> None:
        """Point an alias at a version."""
        client = self.store.client()
        with self.store.explained():
            client.set_registered_model_alias(self.model, alias, str(number))

    def fetch(self, version: ModelVersion) -> Path:
        """Folder with the files of a version.

        Raises:
            TrackingError: if they are not there.
        """
        folder = self._folder(version)
        for name in (MODEL_FILE, RECORD_FILE):
            if not (folder / name).is_file():
                called = f" ({', '.join(version.aliases)})" if version.aliases else ""
                raise TrackingError(
                    f"Version {version.number}{called} of '{self.model}' has no {name} in {folder}: it was removed or moved. Put it back "
                    "from a backup, or choose another version: kedro champion rollback --to VERSION"
                )
        return folder

    def _folder(self, version: ModelVersion) -> Path:
        if self.store.is_embedded:
            # by its place and not by its address, which holds the path that the project had when it was written
            return self.store.artifacts / version.mlflow_run / "artifacts" / PurePosixPath(urlparse(version.source).path).name
        address = urlparse(version.source)
        if address.scheme in ("", "file"):
            return Path(unquote(address.path))
        from mlflow.artifacts import download_artifacts

        # removed when the process ends
        _DOWNLOADS.append(tempfile.TemporaryDirectory(prefix="ganflow-"))
        with self.store.explained():
            return Path(download_artifacts(version.source, dst_path=_DOWNLOADS[-1].name, tracking_uri=self.store.tracking_uri))

    def _make_champion(self, target: ModelVersion) -> None:
        """Move the alias. Cut off between any two calls, there is a champion, and `previous` is right."""
        versions = self.versions()
        champion, previous = (next((one for one in versions if alias in one.aliases), None) for alias in (CHAMPION, PREVIOUS))
        times = {one.number: datetime.fromisoformat(one.tags[PROMOTED]) for one in versions if PROMOTED in one.tags}
        if champion is not None:
            # the move before this one may have been cut off here
            self._note(champion, times)
        if champion is None or champion.number != target.number:
            self.set_alias(CHAMPION, target.number)
            self._note(target, times)
            previous = champion
        if previous is not None:
            self.set_alias(PREVIOUS, previous.number)

    def _note(self, champion: ModelVersion, times: dict[int, datetime]) -> None:
        """Put on record that a version is the newest champion, unless it is already; `times` are when each version last became it."""
        own = times.pop(champion.number, None)
        newest = max(times.values(), default=None)
        if own is None or (newest is not None and own <= newest):
            now = datetime.now(UTC)
            # in order, though a clock goes wrong or two are promoted within a second, which is how exactly the times are noted
            own = now if newest is None else max(now, newest + timedelta(seconds=1))
            self._tag(champion, PROMOTED, own)
        times[champion.number] = own

    def _tag(self, version: ModelVersion, name: str, time: datetime) -> None:
        client = self.store.client()
        with self.store.explained():
            client.set_model_version_tag(self.model, str(version.number), name, time.isoformat(timespec="seconds"))

    def _ask(self) -> list[ModelVersion]:
        from mlflow.exceptions import MlflowException

        client = self.store.client()
        try:
            aliases = client.get_registered_model(self.model).aliases
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return []
            raise
        found = [
            ModelVersion(
                int(version.version),
                version.run_id or "",
                version.source or "",
                dict(version.tags),
                tuple(alias for alias, number in aliases.items() if int(number) == int(version.version)),
                version.creation_timestamp / 1000,
            )
            for version in client.search_model_versions(f"name = '{self.model}'", max_results=10_000)
        ]
        return sorted(found, key=lambda version: version.number)

    def _read(self) -> list[ModelVersion]:
        """From the embedded database, without MLflow, whose import takes longer than to draw the images."""
        try:
            self.store.database.stat()
        except FileNotFoundError:
            return []
        with self.store.connection() as connection:
            try:
                return self._read_tables(connection)
            except sqlite3.OperationalError:
                # another layout of tables: MLflow knows it
                return self._ask()

    def _read_tables(self, connection: sqlite3.Connection) -> list[ModelVersion]:
        tags: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for number, key, value in connection.execute("SELECT version, key, value FROM model_version_tags WHERE name = ?", (self.model,)):
            tags[number][key] = value
        aliases: defaultdict[int, list[str]] = defaultdict(list)
        for number, alias in connection.execute("SELECT version, alias FROM registered_model_aliases WHERE name = ?", (self.model,)):
            aliases[number].append(alias)
        # MLflow keeps the rows of versions that were deleted
        found = connection.execute(
            "SELECT version, run_id, source, creation_time FROM model_versions WHERE name = ? AND current_stage <> 'Deleted_Internal' "
            "ORDER BY version",
            (self.model,),
        )
        return [
            ModelVersion(number, mlflow_run or "", source or "", tags[number], tuple(sorted(aliases[number])), created / 1000)
            for number, mlflow_run, source, created in found
        ]


_DOWNLOADS: list[tempfile.TemporaryDirectory[str]] = []


def read_record(folder: Path) -> GeneratorRecord:
    """What a version says of itself: the record of the generator, see `export_generator`.

    Raises:
        TrackingError: if it is damaged.
    """
    file = folder / RECORD_FILE
    try:
        record: GeneratorRecord = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrackingError(f"{file} cannot be read: {error}. Put it back from a backup, or choose another version.") from error
    return record


def _previous(versions: list[ModelVersion]) -> ModelVersion | None:
    """The version that was champion last before the one that is.

    In a registry made before this rule, the alias may be all that says of a version that it was champion.
    """
    been = [
        version for version in versions if CHAMPION not in version.aliases and (PROMOTED in version.tags or PREVIOUS in version.aliases)
    ]
    return max(been, key=lambda version: (datetime.fromisoformat(version.promoted), PREVIOUS in version.aliases), default=None)
