"""What training measures at every interval: one table for each run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.local import local_path
from ganflow.datasets.runs import check_run_id, find_runs
from ganflow.errors import DataError

# since pandas 3.1 every float is read exactly, and asking for it is deprecated
PANDAS_VERSION = tuple(int(part) for part in pd.__version__.split(".")[:2])
EXACT_FLOATS = {} if PANDAS_VERSION >= (3, 1) else {"float_precision": "round_trip"}


class HistoryDataset(AbstractDataset[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]):
    """A table for each run, `<path>/<run id>/<name>.csv`, that grows as training goes on. Other files are left alone.

    Every table has a column `step`, ascending. Rows that are kept are never parsed into numbers and back: a training that was
    interrupted and resumed leaves the same bytes as one that was not.
    """

    def __init__(self, *, path: str | os.PathLike[str], name: str, metadata: dict[str, Any] | None = None) -> None:
        self._path, self._name = local_path(path), name
        self.metadata = metadata

    def load(self) -> dict[str, pd.DataFrame]:
        """{run id: table}, floats exactly as they were saved; {} if nothing is there yet.

        Raises:
            DataError: if a file is no table.
        """
        return {run_id: _read(file, **EXACT_FLOATS) for run_id, file in self._files().items()}

    def save(self, data: dict[str, pd.DataFrame]) -> None:
        """Append rows, {run id: table}; rows of the same run at or after the first new step are dropped before.

        A table without rows begins the run's anew: what it had is removed.

        Raises:
            DataError: if the steps do not ascend, or the columns are not those of the rows that are kept.
        """
        for run_id, rows in data.items():
            file = self._path / check_run_id(run_id) / f"{self._name}.csv"
            _check_steps(rows, run_id)
            if rows.empty:
                file.unlink(missing_ok=True)
            else:
                content = _append(file, rows)
                with atomic_path(file) as temporary:
                    temporary.write_text(content, encoding="utf-8")

    def preview(self, nrows: int = 5) -> TablePreview:
        """The last rows of the table saved last, for kedro-viz.

        Raises:
            DataError: if there is none yet.
        """
        files = self._files().values()
        if not files:
            raise DataError(f"Got no history in {self._path}, expected at least one. Run the training pipeline.")
        newest = max(files, key=lambda file: file.stat().st_mtime_ns)
        return TablePreview(_read(newest).tail(nrows).to_dict(orient="split"))

    def _files(self) -> dict[str, Path]:
        """{run id: file}."""
        return find_runs(self._path, f"{self._name}.csv")

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "name": self._name}

    def _exists(self) -> bool:
        return bool(self._files())


def _append(file: Path, rows: pd.DataFrame) -> str:
    """Text of the table with the new rows at its end, the kept ones as they stand in the file."""
    if not file.exists():
        return rows.to_csv(index=False)
    stored = _read(file, dtype=str, keep_default_na=False)
    try:
        kept = stored[stored["step"].astype("int64") < rows["step"].iloc[0]]
    except (KeyError, ValueError) as error:
        raise DataError(f"{file} is no history: expected a column 'step' of whole numbers. Move it away, and run again.") from error
    if kept.empty:
        return rows.to_csv(index=False)
    if set(kept.columns) != set(rows.columns):
        raise DataError(
            f"Got columns {list(rows.columns)} to append to {file}, expected {list(kept.columns)} as in its earlier rows. "
            f"Move the file away, or train anew from step 0."
        )
    return kept.to_csv(index=False) + rows[list(kept.columns)].to_csv(index=False, header=False)


def _check_steps(rows: pd.DataFrame, run_id: str) -> None:
    if "step" not in rows.columns:
        raise DataError(f"Got columns {list(rows.columns)} as history of run '{run_id}', expected 'step' among them. Add it.")
    steps = rows["step"]
    if len(rows) and not (pd.api.types.is_integer_dtype(steps) and steps.is_monotonic_increasing and steps.is_unique):
        raise DataError(f"Got steps {steps.tolist()} as history of run '{run_id}', expected whole numbers that ascend. Sort the rows.")


def _read(file: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(file, **options)
    except ValueError as error:  # what pandas raises for an empty file, uneven rows and bytes that are no text
        raise DataError(f"{file} is no table: {str(error).strip()}. Move it away, and run again.") from error
