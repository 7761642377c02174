"""Pictures that a dataset of the catalog holds, under the name `own_images`: partitions, an array, or a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ganflow.config.data import DataParameters
from ganflow.data.pictures.collection import Collection, Listed, first_folder
from ganflow.data.pictures.table import BytesOpener, content_of
from ganflow.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

EXPECTED = (
    "a partitioned dataset of pictures, an array, uint8 (N, H, W) or (N, H, W, C), or a table with a column of encoded pictures "
    "(data.image_column)"
)


def open_catalogued(parameters: DataParameters, own_images: Any) -> Collection:
    """The pictures that the catalog's `own_images` holds. Each is loaded to see whether it has changed.

    Args:
        parameters: names of columns, and whether folders name classes.
        own_images: what the dataset loads: {name: picture or function that loads it}, an array, or a DataFrame. A picture is bytes, an
            array or a Pillow image.

    Raises:
        DataError: if it is something else, or nothing.
    """
    # here: the processes that decode would load it for nothing
    import pandas as pd

    if isinstance(own_images, dict) and own_images:
        items = _partitions(own_images, parameters.classes == "folders")
    elif isinstance(own_images, np.ndarray) and own_images.ndim in (3, 4):
        items = _array(own_images)
    elif isinstance(own_images, pd.DataFrame):
        items = _table(own_images, parameters)
    else:
        raise DataError(
            f"Got {type(own_images).__name__} as the catalog's own_images, expected {EXPECTED}. Describe the dataset as own_images in "
            "conf/local/catalog.yml."
        )
    return Collection(None, partial(_list, items), partial(_openers, items))


@dataclass(frozen=True)
class _Item:
    name: bytes
    load: Any
    class_name: str | None = None
    problem: str | None = None


def _partitions(partitions: dict[str, Any], has_classes: bool) -> list[_Item]:
    items = []
    for name in sorted(partitions, key=str.encode):
        class_name, problem = first_folder(name) if has_classes else (None, None)
        items.append(_Item(name.encode(), partitions[name], class_name, problem))
    return items


def _array(images: np.ndarray) -> list[_Item]:
    return [_Item(f"image {number:09d}".encode(), image) for number, image in enumerate(images)]


def _table(table: pd.DataFrame, parameters: DataParameters) -> list[_Item]:
    wanted = [parameters.image_column, *([parameters.label_column] if parameters.label_column else [])]
    if missing := [column for column in wanted if column not in table]:
        raise DataError(
            f"Got the columns {list(table.columns)} in the catalog's own_images, expected {' and '.join(missing)} among them. Set "
            "data.image_column and data.label_column."
        )
    labels = table[parameters.label_column] if parameters.label_column else [None] * len(table)
    return [
        _Item(f"row {number:09d}".encode(), content_of(content), None if label is None else str(label))
        for number, (content, label) in enumerate(zip(table[parameters.image_column], labels, strict=True))
    ]


def _list(items: list[_Item]) -> Iterator[Listed]:
    for item in items:
        content = _load(item)
        if isinstance(content, bytes):
            size, stamp = len(content), content
        elif isinstance(content, np.ndarray | Image.Image):
            array = np.ascontiguousarray(content)
            size, stamp = array.nbytes, str((array.shape, array.dtype)).encode() + array.tobytes()
        else:
            problem = f"{type(content).__name__}, expected bytes, an array or a Pillow image"
            yield Listed(item.name, 0, "", item.class_name, item.problem or problem)
            continue
        yield Listed(item.name, size, blake2b(stamp, digest_size=16).hexdigest(), item.class_name, item.problem)


def _load(item: _Item) -> Any:
    return item.load() if callable(item.load) else item.load


def _openers(items: list[_Item], names: Iterable[bytes]) -> Iterator[tuple[bytes, Any]]:
    remaining = iter(items)
    for wanted in names:
        content = next(_load(item) for item in remaining if item.name == wanted)
        yield wanted, BytesOpener(content) if isinstance(content, bytes) else DecodedOpener(content)


@dataclass(frozen=True, eq=False)
class DecodedOpener:
    """A picture that is decoded already."""

    content: np.ndarray | Image.Image

    def __call__(self) -> np.ndarray | Image.Image:
        """Itself."""
        return self.content
