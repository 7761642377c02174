"""The folder of a training run: all that its continuation, and a promotion of its generator, depend on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from ganflow.errors import DataError

RUN_ID = re.compile(r"[A-Za-z0-9_-]+")


def check_run_id(run_id: str) -> str:
    """The run's name, if a folder can safely bear it.

    Raises:
        DataError: if not.
    """
    if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
        raise DataError(f"Got run id {run_id!r}, expected letters, digits, - and _ only. Rename the run.")
    return run_id


def find_runs(path: Path, name: str) -> dict[str, Path]:
    """{run id: file or folder of that name in the run's folder}, in order of the ids, of the runs that have it."""
    folders = sorted(path.iterdir()) if path.is_dir() else []
    return {folder.name: folder / name for folder in folders if RUN_ID.fullmatch(folder.name) and (folder / name).exists()}


def remove_run(path: Path, run_id: str) -> None:
    """Remove a run's folder, if it is there.

    It first gets a name that no dataset finds, so that a removal that is cut off leaves no half of a run; the next one removes the rest.
    """
    folder = path / check_run_id(run_id)
    hidden = folder.with_name(f".{run_id}.removed")
    if hidden.is_dir():
        shutil.rmtree(hidden)
    if folder.is_dir():
        folder.rename(hidden)
        shutil.rmtree(hidden)
