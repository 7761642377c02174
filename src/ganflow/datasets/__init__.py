"""Kedro datasets of the project: whatever a node saves is on disk as a whole, or not at all.

For use as `type: ganflow.datasets.…` in a catalog. All of them keep to the local file system.
"""

from ganflow.datasets.animation import AnimationDataset
from ganflow.datasets.clock import ClockDataset, SurroundingsDataset
from ganflow.datasets.history import HistoryDataset
from ganflow.datasets.image_set import ImageSetDataset, ImageSetProgress
from ganflow.datasets.images import ImageDataset, ImageFolderDataset
from ganflow.datasets.keras_model import KerasModelDataset
from ganflow.datasets.pictures import PicturesDataset
from ganflow.datasets.recipes import DefaultParametersDataset, RecipesDataset
from ganflow.datasets.records import RunRecords
from ganflow.datasets.registered import (
    PromotionDataset,
    RegisteredGeneratorDataset,
    RegisteredRecordDataset,
    RegisteredVersionsDataset,
)
from ganflow.datasets.safetensors_file import SafetensorsDataset
from ganflow.datasets.series import CheckpointSeries, RunSeriesDataset, SheetSeries
from ganflow.datasets.text import CSVDataset, FigureDataset, JSONDataset, TextDataset

__all__ = [
    "AnimationDataset",
    "CSVDataset",
    "CheckpointSeries",
    "ClockDataset",
    "DefaultParametersDataset",
    "FigureDataset",
    "HistoryDataset",
    "ImageDataset",
    "ImageFolderDataset",
    "ImageSetDataset",
    "ImageSetProgress",
    "JSONDataset",
    "KerasModelDataset",
    "PicturesDataset",
    "PromotionDataset",
    "RecipesDataset",
    "RegisteredGeneratorDataset",
    "RegisteredRecordDataset",
    "RegisteredVersionsDataset",
    "RunRecords",
    "RunSeriesDataset",
    "SafetensorsDataset",
    "SheetSeries",
    "SurroundingsDataset",
    "TextDataset",
]
