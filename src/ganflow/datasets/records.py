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
from ganflow.datasets.runs import check_run_id, find_runs
from ganflow.errors import DataError

Record = dict[str, Any]


class RunRecords(AbstractDataset[dict[str, Record], dict[str, Record]]):
    """A record for each run, `<path>/<run id>/<name>.json`. Saving replaces those of the runs that are given; others are left alone."""

    def __init__(self, *, path: str | os.PathLike[str], name: str, metadata: dict[str, Any] | None = None) -> None:
        self._path, self._name = local_path(path), name
        self.metadata = metadata

    def load(self) -> dict[str, Record]:
        """{run id: record}; {} if nothing is there yet.

        Raises:
            DataError: if a file is no JSON.
        """
        return {run_id: _read(file) for run_id, file in self._files().items()}

    def save(self, data: dict[str, Record]) -> None:
        """Write {run id: record}.

        Raises:
            DataError: if a run id cannot name a file.
            ValueError: if a record holds a number that JSON has no notation for.
        """
        for run_id, record in data.items():
            content = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            with atomic_path(self._path / check_run_id(run_id) / f"{self._name}.json") as temporary:
                temporary.write_text(content, encoding="utf-8")

    def preview(self) -> JSONPreview:
        """The record saved last, for kedro-viz.

        Raises:
            DataError: if there is none yet.
        """
        files = self._files().values()
        if not files:
            raise DataError(f"Got no record in {self._path}, expected at least one. Run the training pipeline.")
        return JSONPreview(json.dumps(_read(max(files, key=lambda file: file.stat().st_mtime_ns))))

    def _files(self) -> dict[str, Path]:
        """{run id: file}."""
        return find_runs(self._path, f"{self._name}.json")

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "name": self._name}

    def _exists(self) -> bool:
        return bool(self._files())


def _read(file: Path) -> Record:
    try:
        record: Record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is no JSON: {error}. Delete it, and run again.") from error
    return record
