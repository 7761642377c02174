"""Collections of pictures, still or moving, of any size and format, and what is made of them: a registry of collections, opened by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganflow.config.data import DataParameters
from ganflow.data.pictures.archive import open_archive
from ganflow.data.pictures.catalogued import open_catalogued
from ganflow.data.pictures.collection import Collection
from ganflow.data.pictures.folder import open_folder
from ganflow.data.pictures.table import open_table
from ganflow.data.pictures.videos import open_videos

COLLECTIONS: dict[str, Callable[[DataParameters, Any], Collection]] = {
    "catalog": open_catalogued,
    "folder": lambda parameters, _: open_folder(parameters),
    "parquet": lambda parameters, _: open_table(parameters),
    "video_folder": lambda parameters, _: open_videos(parameters),
    "zip": lambda parameters, _: open_archive(parameters),
}
"""{data.source: from the parameters and the catalog's own_images to the pictures}."""
