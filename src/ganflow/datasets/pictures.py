"""What was decoded of a collection of pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from ganflow.data.pictures.store import PicturePart, PictureStore
from ganflow.datasets.local import local_path


class PicturesDataset(AbstractDataset[PicturePart, PictureStore]):
    """A `PictureStore`, which takes in part after part, each as a whole or not at all; nothing there yet is an empty one."""

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def load(self) -> PictureStore:
        """The store."""
        return PictureStore(self._filepath)

    def save(self, data: PicturePart) -> None:
        """Take in a part.

        Raises:
            DataError: if the system refuses to write.
        """
        PictureStore(self._filepath).save(data)

    def moved(self, folder: Path) -> PicturesDataset:
        """The same dataset in another folder."""
        return PicturesDataset(filepath=folder / self._filepath.name, metadata=self.metadata)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}
