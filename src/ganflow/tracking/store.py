"""Where runs and models are recorded: a file of one's own, or the server that MLflow's usual variables name."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ganflow.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Columns of MLflow's tables that hold the place of files."""

_FOREIGN = frozenset({"alembic", "mlflow", "requests", "sqlalchemy", "sqlite3", "urllib3"})
"""Packages whose errors say that the store is at fault."""


@dataclass(frozen=True)
class Store:
    """A place for runs and models.

    Attributes:
        folder: of the embedded store: a database, `mlflow.db`, and `artifacts/`. Nothing has to be started for it.
    """

    folder: Path

    @property
    def tracking_uri(self) -> str:
        """Of runs: MLFLOW_TRACKING_URI, or else the embedded database."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.database}"

    @property
    def registry_uri(self) -> str:
        """Of models: MLFLOW_REGISTRY_URI, or else where the runs are."""
        return os.environ.get("MLFLOW_REGISTRY_URI") or self.tracking_uri

    @property
    def database(self) -> Path:
        """The embedded database, whether or not it is in use."""
        return self.folder / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Files of the embedded store: `<run>/artifacts/…`."""
        return self.folder / "artifacts"

    @property
    def is_embedded(self) -> bool:
        """Whether no variable names another place, for runs or for models."""
        return self.registry_uri == self.tracking_uri == f"sqlite:///{self.database}"

    @property
    def has_credentials(self) -> bool:
        """Whether an address holds a user's name and password."""
        return any(_without_credentials(uri) != uri for uri in (self.tracking_uri, self.registry_uri))

    def client(self) -> MlflowClient:
        """Connect, making the embedded store if it is not there yet.

        Raises:
            TrackingError: if the store cannot be opened.
        """
        for uri in (self.tracking_uri, self.registry_uri):
            # what follows such a sign would be sent elsewhere, and printed
            if uri.startswith(("http:", "https:")) and re.match(r"//[^/?#]*[/?#].*@", uri.partition(":")[2]):
                raise TrackingError(
                    f"The address of the MLflow server, {_without_credentials(uri)}, has a user or password with '/', '?' or '#' in it. "
                    "Write %2F, %3F or %23 instead, in MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI."
                )
        with self.explained():
            if self.is_embedded:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.follow_move()
            if self.has_credentials:
                # it prints the address of every run that ends, just as it was given
                os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
            from mlflow import MlflowClient

            return MlflowClient(self.tracking_uri, self.registry_uri)

    def follow_move(self) -> None:
        """Put right the addresses of files that MLflow has written down, if the folder was moved or copied since.

        They are absolute: a copied project would write into, and remove from, the one that it is a copy of.

        Raises:
            sqlite3.DatabaseError: if there is a file that is no database; MLflow would try again for minutes.
        """
        if not self.database.exists():
            return
        here = self.artifacts.absolute().as_uri()
        with self.connection() as connection, connection:
            if not connection.execute("SELECT name FROM sqlite_master WHERE name = 'experiments'").fetchone():
                return
            found = connection.execute(
                "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE 'file://%/artifacts'"
            )
            for (before,) in [row for row in found.fetchall() if row[0] != here]:
                for table, column in _ADDRESSES:
                    change = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"  # noqa: S608
                    connection.execute(change, (here, len(before) + 1, len(before), before))

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The embedded database itself, for reading. A write that a killed process has left half-done is undone by opening it."""
        with closing(sqlite3.connect(f"file:{quote(str(self.database))}?mode=rw", uri=True)) as connection:
            yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what goes wrong in the store into an error that a user can act on."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _FOREIGN:
                raise
            message = _without_credentials(str(error).strip().partition("\n")[0].rstrip("."))
            remedy = (
                f"If {self.database} is damaged, put a backup in its place; without it the aliases, the champion among them, are lost. "
                "If the folder cannot be written to, or the disk is full, mend that. Then run again."
                if self.is_embedded
                else "Check that the server answers, and the MLFLOW_* variables. Then run again."
            )
            address = _without_credentials(self.registry_uri)
            # a traceback would show the cause as MLflow worded it
            cause = None if self.has_credentials else error
            raise TrackingError(f"The record of runs and models, {address}, cannot be used: {message}. {remedy}") from cause


def _without_credentials(text: str) -> str:
    """`scheme://user:password@host` as `scheme://host`, for logs; a password may hold any sign but a blank. Files have none."""
    return re.sub(r"\b(?!sqlite\b|file\b)([a-z][a-z0-9+.-]*)://\S*@", r"\1://", text)
