"""The time, as an input like any other: a node that needs it is given it, and a test gives another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


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
