"""A `data/` that an earlier version has left is brought into today's order."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from ganflow.errors import ConfigurationError
from ganflow.runtime.cluster import membership

logger = logging.getLogger(__name__)

RUNS = Path("data/06_models/runs")

PLACES = {
    Path("data/08_reporting/training_history"): "history.csv",
    Path("data/08_reporting/diagnosis"): "diagnosis.json",
    Path("data/08_reporting/decisions"): "decision.json",
    Path("data/07_model_output/training_sheets"): "sheets",
    Path("data/06_models/best_checkpoints"): "best_checkpoints",
    # last, as when it is saved: what a checkpoint covers is there before it
    Path("data/06_models/checkpoints"): "checkpoints",
}
"""Where runs had a file or a folder each: its name in the folder of the run."""

OBSOLETE = [Path(f"data/05_model_input/{part}_{kind}.npy") for part in ("train", "held_out") for kind in ("images", "labels")]
"""What the `data` pipeline makes anew, in another format."""


class MigrationHooks:
    """Moves what belongs to a run into the folder of that run, before anything is read or written."""

    def __init__(self) -> None:
        self._project = Path()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Learn where the project is."""
        self._project = Path(context.project_path)

    # after the lock is taken: it is called last, as the last one of those that ask for it
    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Move.

        Raises:
            ConfigurationError: if the system refuses.
        """
        if not membership().is_chief:
            return
        try:
            migrate(self._project)
        except OSError as error:
            raise ConfigurationError(
                f"Got {error.strerror} for {error.filename}, expected to move runs by an earlier version to {RUNS}. Make data/ writable, "
                "and run again."
            ) from error


def migrate(project: Path) -> None:
    """Bring the files of earlier versions into today's order, each by one rename.

    A migration that is cut off anywhere is completed by the next one. Nothing is written over: what is there already stays, and so does
    the old file.
    """
    moves = [(old, project / RUNS / old.stem / name) for place, name in PLACES.items() for old in _entries(project / place)]
    moved = [old for old, new in moves if _move(old, new)]
    removed = [file for file in OBSOLETE if (project / file).is_file()]
    for file in removed:
        (project / file).unlink(missing_ok=True)
    for place in PLACES:
        with suppress(OSError):  # it is not there, or not empty
            (project / place).rmdir()
    if moved:
        logger.info("Moved %d files and folders of runs by an earlier version to %s.", len(moved), RUNS)
    if removed:
        logger.info("Removed %s of an earlier version; the images are prepared anew.", ", ".join(map(str, removed)))


def _entries(place: Path) -> list[Path]:
    """What is in a folder, but for hidden files, which are what a save that was cut off has left."""
    return sorted(entry for entry in place.iterdir() if not entry.name.startswith(".")) if place.is_dir() else []


def _move(old: Path, new: Path) -> bool:
    if new.exists():
        logger.warning("%s was left where it is, since %s is there already. Remove one of them.", old, new)
        return False
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        old.rename(new)
    except FileNotFoundError:  # another command has just moved it
        return False
    return True
