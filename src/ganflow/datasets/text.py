"""kedro-datasets' JSON, CSV and text files, saved atomically."""

from __future__ import annotations

import os
from typing import Any

from kedro.io import Version
from kedro_datasets import json, pandas, text
from kedro_datasets._typing import PlotlyPreview

from ganflow.datasets.atomic import AtomicSave
from ganflow.datasets.local import local_path


class JSONDataset(AtomicSave, json.JSONDataset):
    """`kedro_datasets.json.JSONDataset`, saved atomically; local files only, hence without `credentials` and `fs_args`."""

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=local_path(filepath), save_args=save_args, version=version, metadata=metadata)


class FigureDataset(AtomicSave, json.JSONDataset):
    """An interactive figure in Plotly's notation, as plain values: `data` and `layout`. kedro-datasets' own would import Plotly."""

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath=local_path(filepath), metadata=metadata)

    def preview(self) -> PlotlyPreview:
        """The figure, for kedro-viz."""
        return PlotlyPreview(self.load())


class CSVDataset(AtomicSave, pandas.CSVDataset):
    """`kedro_datasets.pandas.CSVDataset`, saved atomically; local files only, hence without `credentials` and `fs_args`."""

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        load_args: dict[str, Any] | None = None,
        save_args: dict[str, Any] | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=local_path(filepath), load_args=load_args, save_args=save_args, version=version, metadata=metadata)


class TextDataset(AtomicSave, text.TextDataset):
    """`kedro_datasets.text.TextDataset`, saved atomically; local files only, hence without `credentials` and `fs_args`."""

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=str(local_path(filepath)), version=version, metadata=metadata)
