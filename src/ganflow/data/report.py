"""What the images are, for people: how many, of which classes, which are equal or alike, and what could not be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganflow.config.data import DataParameters
from ganflow.data.images import ImageSet, count_classes, evenly
from ganflow.data.pictures import COLLECTIONS
from ganflow.data.pictures.store import PictureStore
from ganflow.data.splits import image_digests

MOST_NAMED = 1000
"""Files, pairs and sizes that a report names; it counts all of them."""


def report_data(train: ImageSet, held_out: ImageSet, pictures: PictureStore, parameters: DataParameters) -> dict[str, Any]:
    """A report as plain values.

    Args:
        train: training images.
        held_out: held-out images.
        pictures: what was decoded, where the source is a collection.
        parameters: of the source.
    """
    digests = np.concatenate([image_digests(train.images), image_digests(held_out.images)])
    report: dict[str, Any] = {
        "source": parameters.source,
        "image_shape": list(train.images.shape[1:]),
        "num_train": len(train),
        "num_held_out": len(held_out),
        "num_equal_to_another": len(digests) - len(np.unique(digests)),
        "classes": _classes(train, held_out),
    }
    if parameters.source in COLLECTIONS:
        report["pictures"] = _pictures(pictures)
    return report


def _classes(train: ImageSet, held_out: ImageSet) -> list[dict[str, Any]]:
    """Images of each class; [] where they have none."""
    if train.labels is None or held_out.labels is None:
        return []
    return [
        {"name": name, "num_train": own, "num_held_out": other}
        for name, own, other in zip(train.class_names, count_classes(train), count_classes(held_out), strict=True)
    ]


def _pictures(pictures: PictureStore) -> dict[str, Any]:
    problems, others, alike, sizes = (
        found(MOST_NAMED) for found in (pictures.problems, pictures.others, pictures.likenesses, pictures.sizes)
    )
    return {
        "num_decoded": pictures.num_images(),
        "num_left_out": problems.num,
        "left_out": [{"name": name, "why": why} for name, why in problems.rows],
        "num_other_files": others.num,
        "other_files": [name for (name,) in others.rows],
        "num_alike": alike.num,
        "alike": [{"name": name, "older": older} for name, older in alike.rows],
        "sizes": [{"width": width, "height": height, "num": num} for width, height, num in sizes.rows],
    }


def summarise(report: dict[str, Any]) -> str:
    """The report in one sentence or two."""
    kind, shape = ("clips" if len(report["image_shape"]) == 4 else "images"), " × ".join(map(str, report["image_shape"]))
    text = f"{report['num_train']} training {kind} and {report['num_held_out']} held-out ones, {shape}"
    if classes := report["classes"]:
        numbers = [found["num_train"] for found in classes]
        text += f", {len(classes)} classes of {min(numbers)} to {max(numbers)}"
    if report["num_equal_to_another"]:
        text += f"; {report['num_equal_to_another']} are equal to another"
    if found := report.get("pictures"):
        text += f"; {found['num_alike']} look like an older one" if found["num_alike"] else ""
        if found["num_left_out"]:
            first = found["left_out"][0]
            text += f"; {found['num_left_out']} pictures were left out, such as {first['name'][:80]}: {first['why']}"
    return text + "."


def choose_for_sheet(train: ImageSet, num: int) -> np.ndarray:
    """Some of the training images, evenly over all classes and over the order of the set."""
    order = np.arange(len(train)) if train.labels is None else np.argsort(train.labels, kind="stable")
    return train.images[np.sort(order[evenly(len(train), num)])]
