"""Keras models in `.keras` files."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractVersionedDataset, DatasetError, Version

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.local import local_path
from ganflow.errors import CheckpointError, ConfigurationError

if TYPE_CHECKING:
    import keras

SUFFIX = ".keras"


class KerasModelDataset(AbstractVersionedDataset["keras.Model", "keras.Model"]):
    """One model, for inference: loaded uncompiled, and without running code from the file.

    Keras is imported by the first load or save, not before.

    Args:
        filepath: the file, which Keras wants to end in `.keras`.
        version: of Kedro's versioning, from `versioned: true` in the catalog.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if the file has another suffix.
    """

    def __init__(self, *, filepath: str | os.PathLike[str], version: Version | None = None, metadata: dict[str, Any] | None = None) -> None:
        path = local_path(filepath)
        if path.suffix != SUFFIX:
            raise ConfigurationError(f"Got filepath {path} for a Keras model, expected one that ends in {SUFFIX}. Rename it.")
        super().__init__(filepath=PurePosixPath(path), version=version)
        self.metadata = metadata

    def load(self) -> keras.Model:
        """Build the model and read its weights.

        Raises:
            CheckpointError: if the file is damaged, or holds layers that are not known here.
            FileNotFoundError: if there is none.
        """
        import keras

        import ganflow.networks  # noqa: F401 (registers the project's layers)

        path = Path(self._get_load_path())
        path.stat()  # Keras calls a missing file one of an unknown format
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # zip, HDF5, JSON and layers have exceptions of their own
            raise CheckpointError(
                f"{path} cannot be loaded: {error} Delete it if it is damaged, and run the node again that writes it."
            ) from error

    def save(self, data: keras.Model) -> None:
        """Replace the file, or write a new version.

        Raises:
            TypeError: if it is no Keras model.
        """
        import keras

        if not isinstance(data, keras.Model):
            raise TypeError(f"Got {type(data).__name__}, expected a keras.Model. Return one from the node.")
        with atomic_path(Path(self._get_save_path())) as temporary:
            keras.saving.save_model(data, temporary)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}

    def _exists(self) -> bool:
        try:
            return Path(self._get_load_path()).is_file()
        except DatasetError:  # no version yet
            return False
