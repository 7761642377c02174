"""What the project's datasets have in common: they are local files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Generic, TypeVar

from kedro.io import AbstractDataset, DatasetError
from kedro.io.core import get_protocol_and_path

T = TypeVar("T")


def local_path(path: str | os.PathLike[str]) -> Path:
    """The path of a catalog entry.

    Raises:
        DatasetError: if it is on anything but the local file system, where a save cannot be made atomic by renaming.
    """
    protocol, local = get_protocol_and_path(path)
    if protocol != "file":
        raise DatasetError(f"Got '{path}', expected a path on the local file system. Save there, and copy the file on afterwards.")
    return Path(local)


class LocalFileDataset(AbstractDataset[T, T], Generic[T]):
    """One local file that holds one value.

    Every class below it spells out its own `__init__`: Kedro records a dataset's arguments, for `DataCatalog.to_config`, from that
    of the class itself, and loses them where it is inherited.
    """

    def __init__(self, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None) -> None:
        self._filepath = local_path(filepath)
        self.metadata = metadata

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}

    def _exists(self) -> bool:
        return self._filepath.is_file()
