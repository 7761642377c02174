"""Nodes that decode pictures, read the images of a source, and keep some of them apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.data import preparation
from ganflow.data.fingerprint import Fingerprint, describe
from ganflow.data.images import ImageSet
from ganflow.data.pictures import COLLECTIONS
from ganflow.data.pictures.intake import take_in
from ganflow.data.pictures.store import PicturePart, PictureStore
from ganflow.data.preparation import ImagePart, Progress
from ganflow.data.report import choose_for_sheet, report_data, summarise
from ganflow.reporting.sheets import tile

logger = logging.getLogger(__name__)

SHEET_COLUMNS = 10


def decode_pictures(parameters: DataParameters, own_images: Any, earlier: PictureStore) -> Iterator[dict[str, PicturePart]]:
    """Stream into the store what is new in a collection of pictures; other sources have nothing to decode."""
    for part in take_in(parameters, own_images, earlier):
        yield {"pictures": part}


def prepare_images(
    parameters: DataParameters,
    pictures: PictureStore,
    earlier_train: Mapping[str, Progress],
    earlier_held_out: Mapping[str, Progress],
) -> Iterator[dict[str, ImagePart]]:
    """Stream every image of the source into one of two sets, from where an earlier run was cut off."""
    source = preparation.open_source(parameters, pictures)
    for train, held_out in preparation.prepare(parameters, source, earlier_train, earlier_held_out):
        yield {"train_images": train, "held_out_images": held_out}


def describe_images(train: ImageSet, held_out: ImageSet, parameters: DataParameters) -> Fingerprint:
    """What both sets are, by a hash of their content."""
    return describe(train, held_out, parameters.source)


def report_images(
    train: ImageSet,
    held_out: ImageSet,
    pictures: PictureStore,
    parameters: DataParameters,
    networks: NetworksParameters,
    training: TrainingParameters,
) -> dict[str, Any]:
    """What the images are, as data and as a sheet of some of them; and what suits pictures of a collection."""
    report = report_data(train, held_out, pictures, parameters)
    logger.info("%s", summarise(report))
    some = choose_for_sheet(train, SHEET_COLUMNS**2)
    if parameters.source in COLLECTIONS:
        from ganflow.training.recommendation import recommend, say

        is_grey = bool(np.all(some == some[..., :1]))
        recommended = recommend(len(train), pictures.median_side(), is_grey, parameters, networks, training)
        report["recommended"] = recommended
        if recommended is not None and (text := say(recommended)):
            logger.info("%s", text)
    return {"data_report": report, "contact_sheet": tile(some, min(SHEET_COLUMNS, len(some)))}
