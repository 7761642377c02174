"""Pictures in a column of a Parquet file, encoded, and their classes in another one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from ganflow.config.data import DataParameters
from ganflow.data.pictures.collection import MOST_BYTES, Collection, Listed
from ganflow.data.sources.files import local_copy
from ganflow.errors import DataError

_ROWS_AT_ONCE = 64


def open_table(parameters: DataParameters) -> Collection:
    """The pictures in the Parquet file at `data.location`.

    Raises:
        ConfigurationError: if there is no location.
        DataError: if the file is missing, is no Parquet, or lacks a column.
    """
    file, state = local_copy(parameters.location, "a Parquet file")
    columns = [column for column in (parameters.image_column, parameters.label_column) if column is not None]
    _check_columns(file, columns)
    return Collection(f"{state} {columns}", partial(_list, file, columns), partial(_openers, file, columns))


def _check_columns(file: Path, columns: list[str]) -> None:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        with pq.ParquetFile(file) as table:
            names = table.schema_arrow.names
    except (ArrowException, OSError) as error:
        raise DataError(f"{file} is no complete Parquet file: {error}. Fetch or make it anew, and correct data.location.") from error
    if missing := [column for column in columns if column not in names]:
        raise DataError(
            f"Got the columns {names} in {file}, expected {' and '.join(missing)} among them. Set data.image_column and data.label_column."
        )


def _rows(file: Path, columns: list[str]) -> Iterator[tuple[bytes, Any, Any]]:
    """(name, picture, label) of every row."""
    import pyarrow.parquet as pq

    number = 0
    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(_ROWS_AT_ONCE, columns=columns):
            for row in batch.to_pylist():
                yield f"row {number:09d}".encode(), content_of(row[columns[0]]), row[columns[1]] if len(columns) > 1 else None
                number += 1


def content_of(cell: Any) -> Any:
    """The encoded picture in a cell, which may be a struct with the field `bytes`, as Hugging Face's datasets write it."""
    return cell.get("bytes") if isinstance(cell, dict) else cell


def describe_row(name: bytes, content: Any, label: Any, has_classes: bool) -> Listed:
    """A row of a table, with a hash of its picture as the stamp."""
    class_name = None if label is None else str(label)
    if not isinstance(content, bytes):
        return Listed(name, 0, "", class_name, f"{type(content).__name__} instead of bytes")
    problem = "no label" if has_classes and class_name is None else None
    if len(content) > MOST_BYTES:
        problem = f"{len(content)} bytes, more than {MOST_BYTES}"
    return Listed(name, len(content), blake2b(content, digest_size=16).hexdigest(), class_name, problem)


def _list(file: Path, columns: list[str]) -> Iterator[Listed]:
    for name, content, label in _rows(file, columns):
        yield describe_row(name, content, label, len(columns) > 1)


def _openers(file: Path, columns: list[str], names: Iterable[bytes]) -> Iterator[tuple[bytes, BytesOpener]]:
    rows = _rows(file, columns[:1])
    for wanted in names:
        # both are in the order of the rows
        content = next(content for name, content, _ in rows if name == wanted)
        yield wanted, BytesOpener(content)


@dataclass(frozen=True)
class BytesOpener:
    """An encoded picture in memory."""

    content: bytes

    def __call__(self) -> IO[bytes]:
        """A file of it."""
        return io.BytesIO(self.content)
