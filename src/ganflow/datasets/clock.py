"""The time and the machine, as inputs like any other: a node that needs them is given them, and a test gives others."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from ganflow.datasets.local import local_path
from ganflow.tracking.runs import describe_surroundings


class ClockDataset(AbstractDataset[NoReturn, datetime]):
    """The present time, in UTC; read only."""

    def __init__(self, *, metadata: dict[str, Any] | None = None) -> None:
        self.metadata = metadata

    def load(self) -> datetime:
        """The time at which it is asked for."""
        return datetime.now(UTC)

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(f"Got {type(data).__name__} to save as the time, which nobody sets.")

    def _describe(self) -> dict[str, Any]:
        return {}


class SurroundingsDataset(AbstractDataset[NoReturn, dict[str, str]]):
    """Revision of the project, versions of the libraries, and devices; read only.

    Args:
        path: of the project.
        metadata: for Kedro's plugins.
    """

    def __init__(self, *, path: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._path = local_path(path)
        self.metadata = metadata

    def load(self) -> dict[str, str]:
        """{what: its name or version}."""
        return describe_surroundings(self._path)

    def save(self, data: NoReturn) -> None:
        """Refuse.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(f"Got {type(data).__name__} to save as the surroundings, which are as they are.")

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix()}
