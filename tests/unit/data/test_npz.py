"""Images in an `.npz` file: both layouts, any start, compressed or not, and every array that does not fit."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.data.images import ImageChunk
from ganflow.data.sources import source
from ganflow.data.sources.npz import open_npz
from ganflow.errors import ConfigurationError, DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 3, 2, 3), dtype=np.uint8)
LABELS = np.arange(10) % 3


def saved(folder: Path, compressed: bool = True, **arrays: np.ndarray) -> str:
    (np.savez_compressed if compressed else np.savez)(folder / "images.npz", **arrays)
    return str(folder / "images.npz")


def whole(location: str, start: int = 0) -> ImageChunk:
    chunks = list(open_npz(location).chunks(start))
    parts = {name: [getattr(chunk, name) for chunk in chunks] for name in ("images", "labels", "is_held_out")}
    return ImageChunk(**{name: None if own[0] is None else np.concatenate(own) for name, own in parts.items()})


@pytest.mark.parametrize("compressed", [True, False])
def test_images_without_labels(tmp_path, compressed):
    location = saved(tmp_path, compressed, images=IMAGES)
    found = whole(location)
    np.testing.assert_array_equal(found.images, IMAGES, strict=True)
    assert (found.labels, found.is_held_out, open_npz(location).class_names) == (None, None, ())


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.uint64])
def test_labels_are_numbered_classes(tmp_path, dtype):
    location = saved(tmp_path, images=IMAGES, labels=LABELS.astype(dtype))
    np.testing.assert_array_equal(whole(location).labels, LABELS, strict=True)
    assert open_npz(location).class_names == ("0", "1", "2")


def test_classes_with_names_may_have_no_image(tmp_path):
    location = saved(tmp_path, images=IMAGES, labels=LABELS, class_names=np.array(["Hase", "Igel", "Löwe", "Maus"]))
    assert open_npz(location).class_names == ("Hase", "Igel", "Löwe", "Maus")


def test_the_layout_of_keras_has_a_test_split_and_labels_in_a_column(tmp_path):
    labels = {"y_train": LABELS[:6, None], "y_test": LABELS[6:, None]}
    found = whole(saved(tmp_path, x_train=IMAGES[:6], x_test=IMAGES[6:], **labels))
    np.testing.assert_array_equal(found.images, IMAGES)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.is_held_out.tolist() == [False] * 6 + [True] * 4


@pytest.mark.parametrize("start", range(10))
def test_chunks_from_any_image_on_are_the_rest(tmp_path, monkeypatch, start):
    # two images in a chunk, over the end of the first part
    monkeypatch.setattr(source, "CHUNK_BYTES", 2 * 18)
    location = saved(tmp_path, x_train=IMAGES[:5], x_test=IMAGES[5:], y_train=LABELS[:5], y_test=LABELS[5:])
    found = whole(location, start)
    np.testing.assert_array_equal(found.images, IMAGES[start:])
    np.testing.assert_array_equal(found.labels, LABELS[start:])
    assert max(len(chunk) for chunk in open_npz(location).chunks(0)) == 2


@settings(max_examples=20)
@given(num=st.integers(1, 20), length=st.integers(1, 7), compressed=st.booleans())
def test_no_image_is_lost_or_read_twice(tmp_path_factory, num, length, compressed):
    images = np.arange(num, dtype=np.uint8).reshape(-1, 1, 1, 1)
    location = saved(tmp_path_factory.mktemp("npz"), compressed, images=images)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_BYTES", length)
        np.testing.assert_array_equal(whole(location).images, images)


def test_the_state_changes_with_the_file(tmp_path):
    first = open_npz(saved(tmp_path, images=IMAGES)).state
    assert open_npz(str(tmp_path / "images.npz")).state == first
    assert open_npz(saved(tmp_path, images=IMAGES[:9])).state != first


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": IMAGES / 255}, r"Got float64 of shape \(10, 3, 2, 3\) as 'images' .* expected uint8 \(N, H, W, C\), 0 to 255"),
        ({"images": IMAGES[..., 0]}, r"Got uint8 of shape \(10, 3, 2\) as 'images'"),
        ({"images": IMAGES[..., :2]}, r"Got uint8 of shape \(10, 3, 2, 2\) as 'images' .* C 1 for grey or 3 for RGB"),
        ({"images": np.concatenate([IMAGES, IMAGES[..., :1]], axis=-1)}, r"Got uint8 of shape \(10, 3, 2, 4\) as 'images'"),
        ({"images": np.array([IMAGES, None], dtype=object)}, r"Got object of shape \(2,\) as 'images'"),
        ({"images": np.asfortranarray(IMAGES)}, r"in Fortran's order as 'images'"),
        ({"images": IMAGES, "labels": LABELS[:9]}, r"Got int64 of shape \(9,\) as 'labels' .* expected whole numbers \(10,\)"),
        ({"images": IMAGES, "labels": LABELS / 1}, r"Got float64 of shape \(10,\) as 'labels'"),
        ({"images": IMAGES, "labels": LABELS.astype(object)}, r"Got object of shape \(10,\) as 'labels'"),
        ({"images": IMAGES, "labels": LABELS - 1}, r"Got the labels \[-1, 0, 1\] .* expected 0 to 2, for 3 classes\. Number the classes"),
        ({"images": IMAGES, "labels": 2 * LABELS}, r"Got the labels \[0, 2, 4\] .* expected 0 to 2"),
        ({"images": IMAGES, "labels": LABELS, "class_names": np.array(["a", "b"])}, r"Got the labels \[0, 1, 2\] .* expected 0 to 1"),
        ({"images": IMAGES, "class_names": np.array(["a", "b"])}, "Got 2 names of classes .* and no labels"),
        ({"images": IMAGES, "labels": LABELS, "class_names": np.arange(3)}, r"Got int64 of shape \(3,\) as 'class_names' .* expected text"),
        ({"x_train": IMAGES}, r"Got the members \['x_train'\] in .*, expected 'images', or 'x_train' and 'x_test'"),
        ({"x_train": IMAGES, "x_test": IMAGES, "y_train": LABELS}, "Got labels for one part of .* only"),
    ],
)
def test_arrays_that_do_not_fit_are_described_before_any_image_is_read(tmp_path, arrays, message):
    location = saved(tmp_path, **arrays)
    with pytest.raises(DataError, match=message):
        open_npz(location)


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    location = saved(tmp_path, images=IMAGES, labels=np.array([Bomb()] * 10, dtype=object))
    with pytest.raises(DataError, match="Got object"):
        open_npz(location)
    assert not (tmp_path / "exploded").exists()


def test_a_file_that_is_no_archive_is_told_as_such(tmp_path):
    (tmp_path / "images.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=r"images.npz is no complete \.npz file: File is not a zip file"):
        open_npz(str(tmp_path / "images.npz"))


def test_damaged_pixels_are_told_as_such(tmp_path):
    location = saved(tmp_path, compressed=False, images=IMAGES)
    with zipfile.ZipFile(location) as archive:
        offset = archive.getinfo("images.npy").header_offset
    content = bytearray(Path(location).read_bytes())
    content[offset + 300] ^= 1
    Path(location).write_bytes(content)
    with pytest.raises(DataError, match=r"no complete \.npz file: Bad CRC-32"):
        whole(location)


@pytest.mark.parametrize(
    ("location", "kind"), [(None, ConfigurationError), ("http://127.0.0.1/a.npz", ConfigurationError), ("nowhere.npz", DataError)]
)
def test_a_location_that_is_no_file_names_the_parameter(location, kind):
    with pytest.raises(kind, match=r"Got data\.location .*expected an \.npz file"):
        open_npz(location)
