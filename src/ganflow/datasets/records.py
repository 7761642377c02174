"""What is known of each run: one JSON file for each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.local import local_path
from ganflow.datasets.series import RUN_ID, check_run_id
from ganflow.errors import DataError

Record = dict[str, Any]


class RunRecords(AbstractDataset[dict[str, Record], dict[str, Record]]):
    """A folder of records, `<path>/<run id>.json`. Saving replaces the runs that are given; other files are left alone."""

    def __init__(self, *, path: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._path = local_path(path)
        self.metadata = metadata

    def load(self) -> dict[str, Record]:
        """{run id: record}; {} if nothing is there yet.

        Raises:
            DataError: if a file is no JSON.
        """
        return {file.stem: _read(file) for file in self._files()}

    def save(self, data: dict[str, Record]) -> None:
        """Write {run id: record}.

        Raises:
            DataError: if a run id cannot name a file.
            ValueError: if a record holds a number that JSON has no notation for.
        """
        for run_id, record in data.items():
            content = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            with atomic_path(self._path / f"{check_run_id(run_id)}.json") as temporary:
                temporary.write_text(content, encoding="utf-8")

    def remove(self, run_id: str) -> None:
        """Remove a run's file, if it is there."""
        (self._path / f"{check_run_id(run_id)}.json").unlink(missing_ok=True)

    def preview(self) -> JSONPreview:
        """The record saved last, for kedro-viz.

        Raises:
            DataError: if there is none yet.
        """
        files = self._files()
        if not files:
            raise DataError(f"Got no record in {self._path}, expected at least one. Run the training pipeline.")
        return JSONPreview(json.dumps(_read(max(files, key=lambda file: file.stat().st_mtime_ns))))

    def _files(self) -> list[Path]:
        return sorted(file for file in self._path.glob("*.json") if file.is_file() and RUN_ID.fullmatch(file.stem))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix()}

    def _exists(self) -> bool:
        return bool(self._files())


def _read(file: Path) -> Record:
    try:
        record: Record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is no JSON: {error}. Delete it; training writes it anew.") from error
    return record
