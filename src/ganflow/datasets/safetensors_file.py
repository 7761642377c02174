"""Named arrays with metadata in `.safetensors` files: no pickle, so a file from elsewhere cannot run code."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.local import LocalFileDataset
from ganflow.errors import CheckpointError

# one entry in the header, as the library writes several in an order that changes from run to run
METADATA_KEY = "metadata"


def encode_safetensors(value: dict[str, Any]) -> bytes:
    """Content of a `.safetensors` file, the same bytes for the same value.

    Args:
        value: {"arrays": {name: array}, "metadata": what JSON can hold}.

    Raises:
        TypeError: if the value has other keys, or the metadata holds something that JSON cannot.
        SafetensorError: if an array's dtype is none that the format has.
    """
    if value.keys() != {"arrays", "metadata"}:
        raise TypeError(f"Got keys {sorted(value)}, expected ['arrays', 'metadata']. Return both from the node.")
    # the library writes memory as it lies: a transposed array has to be laid out first
    arrays = {name: np.asarray(array, order="C") for name, array in value["arrays"].items()}
    return save(arrays, metadata={METADATA_KEY: json.dumps(value["metadata"])})


def read_safetensors(path: Path) -> dict[str, Any]:
    """What was encoded, with the arrays in memory.

    Raises:
        CheckpointError: if the file is truncated or damaged.
        FileNotFoundError: if there is none.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(
            f"{path} is damaged: {error}. Delete it; the next run then uses an earlier one, or writes it anew."
        ) from error
    return {"arrays": arrays, "metadata": metadata}


class SafetensorsDataset(LocalFileDataset[dict[str, Any]]):
    """One `.safetensors` file; the value is {"arrays": {name: array}, "metadata": {name: what JSON can hold}}.

    Args:
        filepath: the file.
        missing_ok: load {} where there is no file, instead of failing: for an input that the first run cannot have.
        metadata: for Kedro's plugins.
    """

    def __init__(self, *, filepath: str | os.PathLike[str], missing_ok: bool = False, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)
        self._missing_ok = missing_ok

    def load(self) -> dict[str, Any]:
        """Read the file, or return {} if it is missing and may be.

        Raises:
            CheckpointError: if it is truncated or damaged.
        """
        try:
            return read_safetensors(self._filepath)
        except FileNotFoundError:
            if self._missing_ok:
                return {}
            raise

    def save(self, data: dict[str, Any]) -> None:
        """Replace the file."""
        content = encode_safetensors(data)
        with atomic_path(self._filepath) as temporary:
            temporary.write_bytes(content)

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "missing_ok": self._missing_ok}
