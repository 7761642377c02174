"""A set of images grows part by part, is there as a whole or not at all, and goes on from wherever a save was cut off."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError
from safetensors.numpy import load_file

from ganflow.data.preparation import ImagePart, Progress
from ganflow.datasets import ImageSetDataset, ImageSetProgress, image_set

NAMES = ("even", "odd")


def parts(images, length=3, names=NAMES, origin="a" * 64, keep=2):
    """The parts of a set that every image belongs to but each `keep`-th; labels are the numbers' parities."""
    labels = np.arange(len(images)) % 2
    made = []
    for first in range(0, len(images), length):
        chosen = np.arange(first, min(first + length, len(images)))
        own = chosen[chosen % keep != 0] if keep > 1 else chosen
        made.append(ImagePart(origin, first, int(chosen[-1]) + 1, images[own], labels[own] if names else None, names))
    return [*made, ImagePart(origin, len(images), len(images), np.empty((0, 1, 1, 1), np.uint8), None, names, is_last=True)]


def pixels(num, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (num, 4, 3, 3), dtype=np.uint8)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "set.safetensors"


def save(file, some):
    for part in some:
        # a new object each time, as in a process of its own
        ImageSetDataset(filepath=file).save(part)


def progress(file):
    return ImageSetProgress(filepath=file).load()


def assert_is(file, images, labels=None, names=()):
    found = ImageSetDataset(filepath=file).load()
    np.testing.assert_array_equal(found.images, images, strict=True)
    if labels is None:
        assert found.labels is None
    else:
        np.testing.assert_array_equal(found.labels, labels, strict=True)
    assert found.class_names == names


@settings(max_examples=30)
@given(num=st.integers(2, 12), length=st.integers(1, 5), with_labels=st.booleans())
def test_every_set_comes_back_bit_for_bit(tmp_path_factory, num, length, with_labels):
    file = tmp_path_factory.mktemp("set") / "set.safetensors"
    images, names = pixels(num), NAMES if with_labels else ()
    save(file, parts(images, length, names))
    own = np.arange(num) % 2 != 0
    assert_is(file, images[own], (np.arange(num) % 2)[own] if with_labels else None, names)
    assert [path.name for path in file.parent.iterdir()] == ["set.safetensors"]
    # any reader of the format reads it too
    np.testing.assert_array_equal(load_file(file)["images"], images[own])


def test_it_is_mapped_and_stays_as_it_was_for_those_who_have_it(file):
    save(file, parts(pixels(8)))
    before = ImageSetDataset(filepath=file).load().images
    assert isinstance(before, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 1
    save(file, parts(pixels(6, seed=1), origin="b" * 64))
    np.testing.assert_array_equal(before, pixels(8)[1::2])
    assert_is(file, pixels(6, seed=1)[1::2], np.ones(3, np.int64), NAMES)


def test_nothing_is_there_until_the_last_part_and_the_old_set_stays(file):
    save(file, parts(pixels(8)))
    new = parts(pixels(7, seed=1), origin="b" * 64)
    for part in new[:-1]:
        save(file, [part])
        assert_is(file, pixels(8)[1::2], np.ones(4, np.int64), NAMES)
    assert progress(file) == {"a" * 64: Progress(4, 4, is_complete=True), "b" * 64: Progress(7, 3)}
    save(file, new[-1:])
    assert_is(file, pixels(7, seed=1)[1::2], np.ones(3, np.int64), NAMES)


class CutOffError(Exception):
    pass


@pytest.mark.parametrize("cut", range(40))
def test_a_save_that_is_cut_off_anywhere_is_said_again(file, monkeypatch, cut):
    images = pixels(8)
    left = iter(range(cut))

    def counted(function):
        def call(*arguments, **options):
            if next(left, None) is None:
                raise CutOffError
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(image_set, "_write", counted(image_set._write))
        patch.setattr(image_set, "atomic_path", counted(image_set.atomic_path))
        patch.setattr(image_set, "_header", counted(image_set._header))
        patch.setattr(image_set.os, "fsync", counted(image_set.os.fsync))
        patch.setattr(image_set.shutil, "copyfileobj", counted(image_set.shutil.copyfileobj))
        patch.setattr(type(file), "replace", counted(type(file).replace))
        patch.setattr(type(file), "unlink", counted(type(file).unlink))
        with suppress(CutOffError, DatasetError):
            save(file, parts(images))
    reached = progress(file).get("a" * 64, Progress())
    if not reached.is_complete:
        assert not file.exists()
        save(file, [part for part in parts(images) if part.position > reached.position or part.is_last])
    assert_is(file, images[1::2], np.ones(4, np.int64), NAMES)
    save(file, parts(images)[-1:])
    assert [path.name for path in file.parent.iterdir()] == ["set.safetensors"]


def test_parts_that_are_there_already_are_not_added_again(file):
    new = parts(pixels(8))
    save(file, [new[0], new[1], new[0], new[1], new[2], new[2], new[3], new[3]])
    assert_is(file, pixels(8)[1::2], np.ones(4, np.int64), NAMES)


def test_a_gap_is_refused(file):
    new = parts(pixels(9))
    save(file, new[:1])
    with pytest.raises(DatasetError, match="Got images from number 6 on for .*, which has seen 3. Prepare them anew"):
        save(file, new[2:3])


def test_images_of_another_shape_are_refused(file):
    first, second, *_ = parts(pixels(9))
    save(file, [first])
    with pytest.raises(DatasetError, match=r"Got images of shape \(3, 4, 3\) after some of \[4, 3, 3\]"):
        save(file, [dataclasses.replace(second, images=second.images.transpose(0, 2, 1, 3))])


def test_what_is_noted_counts_only_if_the_images_are_there(file):
    save(file, parts(pixels(8))[:2])
    partial = file.with_name(".set.safetensors.partial")
    assert progress(file) == {"a" * 64: Progress(6, 3)}
    partial.write_bytes(partial.read_bytes()[:-1])
    assert progress(file) == {}
    partial.with_name(".set.safetensors.progress").write_text("{")
    assert progress(file) == {}


@pytest.mark.parametrize("num_bytes", [0, 7, 100, 65_535, 65_536, 65_600])
def test_a_truncated_file_is_told_as_such_and_made_anew(file, num_bytes):
    save(file, parts(pixels(8)))
    file.write_bytes(file.read_bytes()[:num_bytes])
    with pytest.raises(DatasetError, match="is no complete set of images: .*kedro run --pipelines data"):
        ImageSetDataset(filepath=file).load()
    assert progress(file) == {}
    save(file, parts(pixels(8)))
    assert_is(file, pixels(8)[1::2], np.ones(4, np.int64), NAMES)


def test_names_that_do_not_fit_into_the_header_are_refused(file):
    with pytest.raises(DatasetError, match="Got 2 names of classes that take .* bytes, expected 65528 at most"):
        save(file, parts(pixels(4), names=("even", "x" * 70_000)))
    assert not file.exists()


def test_progress_is_read_only(file):
    with pytest.raises(DatasetError, match="which saving the images moves"):
        ImageSetProgress(filepath=file).save(Progress())
