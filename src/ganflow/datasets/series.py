"""What training leaves behind every interval: one file for each run and step."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.images import CLIP_SUFFIX, SUFFIX, check_duration, decode, encode, preview_image
from ganflow.datasets.local import local_path
from ganflow.datasets.runs import check_run_id, find_runs
from ganflow.datasets.safetensors_file import encode_safetensors, read_safetensors
from ganflow.errors import ConfigurationError, DataError
from ganflow.reporting.webp import FRAME_DURATION_MS

T = TypeVar("T")


class RunSeriesDataset(AbstractDataset[dict[str, dict[int, T]], dict[str, dict[int, Callable[[], T]]]], Generic[T]):
    """A file for each step of each run: `<path>/<run id>/<name>/step-0000100.<suffix>`. Other files are left alone.

    It may be saved again and again within one Kedro run, by a node that streams.

    Args:
        path: the folder of all runs.
        name: of the folder within that of a run.
        keep: how many of a run's newest steps stay on disk; None for all.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if `keep` is below 1.
    """

    SUFFIXES: ClassVar[tuple[str, ...]]
    """That files may have."""

    def __init__(self, path: str | os.PathLike[str], name: str, keep: int | None, metadata: dict[str, Any] | None) -> None:
        if keep is not None and keep < 1:
            raise ConfigurationError(f"Got keep={keep} for {name} in {path}, expected at least 1, or null to keep every step. Set keep.")
        self._path, self._name = local_path(path), name
        self._keep = keep
        self.metadata = metadata

    @abstractmethod
    def _encode(self, value: T) -> tuple[str, bytes]:
        """Suffix, one of SUFFIXES, and content of the file of one step."""

    @abstractmethod
    def _read(self, file: Path) -> T:
        """Value in the file of one step."""

    def load(self) -> dict[str, dict[int, Callable[[], T]]]:
        """{run id: {step: function that reads its value}}, steps ascending; {} if nothing is there yet."""
        runs = {run_id: self._files(folder) for run_id, folder in find_runs(self._path, self._name).items()}
        return {run_id: {step: partial(self._read, file) for step, file in files.items()} for run_id, files in runs.items() if files}

    def save(self, data: dict[str, dict[int, T]]) -> None:
        """Add steps, {run id: {step: value}}. A run that starts anew replaces its own future; other runs stay as they are.

        The new steps are on disk before the steps after the newest of them are removed, and before old ones make room.

        Raises:
            DataError: if a run id or a step cannot name a file.
        """
        for run_id, values in data.items():
            for step, value in values.items():
                folder = self._folder(run_id)
                suffix, content = self._encode(value)
                file = folder / self._file_name(step, suffix)
                with atomic_path(file) as temporary:
                    temporary.write_bytes(content)
            if values:
                self._remove_outdated(run_id, newest=max(values))

    def _remove_outdated(self, run_id: str, newest: int) -> None:
        files = self._files(self._folder(run_id))
        # the last step first: if it stops half-way, what remains is still a series without a gap
        future = [step for step in reversed(files) if step > newest]
        past = [step for step in files if step <= newest]
        surplus = past[: -self._keep] if self._keep else []
        for step in future + surplus:
            files[step].unlink(missing_ok=True)

    def _folder(self, run_id: str) -> Path:
        return self._path / check_run_id(run_id) / self._name

    def _files(self, folder: Path) -> dict[int, Path]:
        """{step: file}, ascending, of the files that `save` has written."""
        pattern = re.compile(rf"step-(\d+)({'|'.join(map(re.escape, self.SUFFIXES))})", re.ASCII)
        matches = ((pattern.fullmatch(file.name), file) for file in folder.iterdir())
        files = {int(match[1]): file for match, file in matches if match}
        return {step: files[step] for step in sorted(files) if files[step].name == self._file_name(step, files[step].suffix)}

    def _file_name(self, step: int, suffix: str) -> str:
        if not isinstance(step, (int, np.integer)) or step < 0:
            raise DataError(f"Got step {step!r}, expected a whole number that is not negative. Count training steps from 0.")
        return f"step-{step:07d}{suffix}"

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "name": self._name, "keep": self._keep}

    def _exists(self) -> bool:
        return any(self._files(folder) for folder in find_runs(self._path, self._name).values())


class CheckpointSeries(RunSeriesDataset[dict[str, Any]]):
    """Checkpoints as `.safetensors`; a value is {"arrays": {name: array}, "metadata": {name: what JSON can hold}}."""

    SUFFIXES = (".safetensors",)

    def __init__(self, *, path: str | os.PathLike[str], name: str, keep: int | None = None, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(path, name, keep, metadata)

    def _encode(self, value: dict[str, Any]) -> tuple[str, bytes]:
        return ".safetensors", encode_safetensors(value)

    def _read(self, file: Path) -> dict[str, Any]:
        return read_safetensors(file)


class SheetSeries(RunSeriesDataset[np.ndarray]):
    """Images as `.png`, clips as animated `.webp`; a value is uint8 (H, W, C) or (T, H, W, C), C 1 or 3.

    Args:
        path: the folder of all runs.
        name: of the folder within that of a run.
        keep: how many of a run's newest steps stay on disk; None for all.
        frame_duration_ms: time that a frame of a clip is shown.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if `keep` is below 1, or the duration below 1 ms or above 16,777,215.
    """

    SUFFIXES = (SUFFIX, CLIP_SUFFIX)

    def __init__(
        self,
        *,
        path: str | os.PathLike[str],
        name: str,
        keep: int | None = None,
        frame_duration_ms: int = FRAME_DURATION_MS,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(path, name, keep, metadata)
        self._frame_duration_ms = check_duration(frame_duration_ms, path)

    def _encode(self, value: np.ndarray) -> tuple[str, bytes]:
        return encode(value, self._frame_duration_ms)

    def _read(self, file: Path) -> np.ndarray:
        return decode(file)

    def preview(self) -> ImagePreview:
        """The sheet saved last, for kedro-viz.

        Raises:
            DataError: if there is none yet.
        """
        files = [file for folder in find_runs(self._path, self._name).values() for file in self._files(folder).values()]
        if not files:
            raise DataError(f"Got no sheet in {self._path}, expected at least one. Run the pipeline that saves them.")
        return preview_image(max(files, key=lambda file: file.stat().st_mtime_ns))
