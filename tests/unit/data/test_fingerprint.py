"""The fingerprint of two sets of images: equal for equal sets, and for no others."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from ganflow.data.fingerprint import check_fingerprint, counts_of_classes, describe, fingerprint
from ganflow.data.images import ImageSet
from ganflow.errors import DataError
from ganflow.runtime.hashing import hash_array

NAMES = ("a", "b")


def sets() -> tuple[ImageSet, ImageSet]:
    pixels = np.arange(6 * 2, dtype=np.uint8).reshape(6, 1, 2, 1)
    labels = np.array([0, 1, 0, 1, 0, 0])
    return ImageSet(pixels[:4], labels[:4], NAMES), ImageSet(pixels[4:], labels[4:], NAMES)


def test_equal_sets_have_equal_fingerprints() -> None:
    assert fingerprint(*sets()) == fingerprint(*sets())
    assert len(bytes.fromhex(fingerprint(*sets()))) == 32


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("field", ["images", "labels"])
def test_one_changed_value_changes_the_fingerprint(part: int, field: str) -> None:
    changed = list(sets())
    array = getattr(changed[part], field).copy()
    array.flat[-1] ^= 1
    changed[part] = dataclasses.replace(changed[part], **{field: array})
    assert fingerprint(*changed) != fingerprint(*sets())


def test_the_same_bytes_in_another_shape_or_part_and_without_labels_change_the_fingerprint() -> None:
    train, held_out = sets()
    two_rows = dataclasses.replace(train, images=train.images.reshape(-1, 2, 1, 1))
    without = ImageSet(train.images), ImageSet(held_out.images)
    assert len({fingerprint(*each) for each in ((train, held_out), (two_rows, held_out), (held_out, train), without)}) == 4


def test_an_image_moved_from_train_to_held_out_changes_the_fingerprint() -> None:
    # equal images: only the lengths differ
    images = np.zeros((4, 1, 1, 1), dtype=np.uint8)
    assert fingerprint(ImageSet(images[:2]), ImageSet(images[2:])) != fingerprint(ImageSet(images[:1]), ImageSet(images[1:]))


def test_memory_layout_leaves_the_fingerprint_unchanged() -> None:
    train, held_out = sets()
    strided = np.repeat(train.images, 2, axis=0)[::2]
    assert not strided.flags.c_contiguous
    assert fingerprint(dataclasses.replace(train, images=strided), held_out) == fingerprint(train, held_out)


def test_description_survives_json() -> None:
    train, held_out = sets()
    assert json.loads(json.dumps(describe(train, held_out, "npz"))) == {
        "source": "npz",
        "sha256": fingerprint(train, held_out),
        "train_images_sha256": hash_array(train.images),
        "num_train": 4,
        "num_held_out": 2,
        "image_shape": [1, 2, 1],
        "class_names": ["a", "b"],
        "class_counts": [2, 2],
    }
    without = describe(ImageSet(train.images), ImageSet(held_out.images), "npz")
    assert (without["class_names"], without["class_counts"]) == ([], [])


def test_a_description_of_before_classes_were_counted_is_refused() -> None:
    described = describe(*sets(), "npz")
    assert counts_of_classes(described) == [2, 2]
    del described["class_counts"]
    with pytest.raises(DataError, match="did not count classes. Do it again: kedro run --pipelines data"):
        counts_of_classes(described)


def test_only_the_described_images_pass_the_check() -> None:
    train, held_out = sets()
    described = describe(train, held_out, "npz")
    check_fingerprint(train.images, described)
    for other in (train.images[::-1], train.images[1:], train.images.astype(np.int16)):
        with pytest.raises(DataError, match="of different data.*kedro run --pipelines data"):
            check_fingerprint(other, described)
