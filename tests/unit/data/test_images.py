"""Sets and chunks of images take what they say, and describe what does not fit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ganflow.data.images import ImageChunk, ImageSet
from ganflow.errors import DataError


def valid() -> ImageChunk:
    return ImageChunk(np.zeros((4, 3, 2, 1), np.uint8), np.arange(4), np.array([False, True, True, False]))


@pytest.mark.parametrize("num_channels", [1, 3])
@pytest.mark.parametrize("labels", [None, np.arange(4)])
def test_grey_and_colour_images_with_and_without_labels_are_valid(num_channels: int, labels: np.ndarray | None) -> None:
    images = np.zeros((4, 3, 2, num_channels), np.uint8)
    assert ImageChunk(images, labels).images is images
    assert len(ImageSet(images, labels, () if labels is None else ("a", "b", "c", "d"))) == 4


def test_a_part_of_a_chunk_keeps_what_belongs_together() -> None:
    part = valid()[1:3]
    assert part.images.shape == (2, 3, 2, 1)
    assert (part.labels.tolist(), part.is_held_out.tolist()) == ([1, 2], [True, True])
    assert ImageChunk(valid().images)[:2].labels is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("images", np.zeros((4, 3, 2, 1), np.float32), "Got images of dtype float32 and rank 4, expected uint8 and rank 4"),
        ("images", np.zeros((4, 3, 2), np.uint8), "Got images of dtype uint8 and rank 3, expected uint8 and rank 4"),
        ("images", np.zeros((4, 3, 2, 4), np.uint8), "Got 4 channels, expected 1 .* or 3"),
        ("images", np.zeros((5, 3, 2, 1), np.uint8), "Got 4 labels for 5 images"),
        ("labels", np.arange(4, dtype=np.int32), "Got labels of dtype int32 and rank 1, expected int64 and rank 1"),
        ("labels", np.arange(4).reshape(4, 1), "Got labels of dtype int64 and rank 2, expected int64 and rank 1"),
        ("labels", np.arange(3), "Got 3 labels for 4 images"),
        ("is_held_out", np.array([0, 1, 1, 0]), "Got is_held_out of dtype int64 and rank 1, expected bool and rank 1"),
        ("is_held_out", np.array([False, True]), "Got 2 is_held_out marks for 4 images"),
    ],
)
def test_arrays_that_do_not_fit_are_described(field: str, value: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(valid(), **{field: value})


@pytest.mark.parametrize(
    ("images", "labels", "names", "message"),
    [
        (np.zeros((0, 3, 2, 1), np.uint8), None, (), "expected at least one pixel"),
        (np.zeros((4, 0, 2, 1), np.uint8), None, (), "expected at least one pixel"),
        (np.zeros((4, 3, 2, 1), np.uint8), np.arange(4), ("a", "b", "c"), "Got labels from 0 to 3, expected 0 to 2, for 3 classes"),
        (np.zeros((4, 3, 2, 1), np.uint8), np.arange(4) - 1, ("a", "b", "c"), "Got labels from -1 to 2, expected 0 to 2"),
        (np.zeros((4, 3, 2, 1), np.uint8), None, ("a", "b"), "Got names of 2 classes and no labels"),
    ],
)
def test_a_set_needs_images_and_a_name_for_each_label(images, labels, names, message) -> None:
    with pytest.raises(DataError, match=message):
        ImageSet(images, labels, names)
