import base64
import io
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kedro.io import DataCatalog, DatasetError
from PIL import Image

from ganflow.datasets import AnimationDataset, ImageDataset, ImageFolderDataset, SheetSeries
from ganflow.errors import DataError


def arrays(rank):
    sides = st.tuples(*[st.integers(1, 5)] * (rank - 1))
    return st.tuples(sides, st.sampled_from([1, 3])).flatmap(lambda shape: hnp.arrays(np.uint8, (*shape[0], shape[1])))


def grey_frames(*levels):
    return np.stack([np.full((4, 5, 1), level, np.uint8) for level in levels])


@settings(max_examples=40)
@given(image=arrays(rank=3))
def test_every_image_comes_back(image):
    with tempfile.TemporaryDirectory() as folder:
        dataset = ImageDataset(filepath=Path(folder) / "a.png")
        dataset.save(image)
        np.testing.assert_array_equal(dataset.load(), image)


@settings(max_examples=20)
@given(images=arrays(rank=4))
def test_every_folder_of_images_comes_back(images):
    with tempfile.TemporaryDirectory() as folder:
        dataset = ImageFolderDataset(path=Path(folder) / "samples")
        dataset.save(images)
        np.testing.assert_array_equal(dataset.load(), images)


@pytest.mark.parametrize("channels", [1, 3])
def test_clips_come_back_as_they_were_alone_and_in_a_folder(tmp_path, channels):
    clips = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 6, channels), dtype=np.uint8)
    clips[1, 2:] = clips[1, 2]
    single, folder = ImageDataset(filepath=tmp_path / "a.png"), ImageFolderDataset(path=tmp_path / "samples")
    single.save(clips[1])
    folder.save(clips)
    np.testing.assert_array_equal(single.load(), clips[1])
    np.testing.assert_array_equal(folder.load(), clips)
    assert sorted(file.name for file in tmp_path.rglob("*.*")) == ["00000.webp", "00001.webp", "00002.webp", "a.webp"]
    # images take the place of clips
    folder.save(clips[0])
    assert sorted(file.name for file in (tmp_path / "samples").iterdir()) == [f"0000{index}.png" for index in range(4)]


def test_a_clip_takes_the_place_of_an_image_and_an_image_that_of_a_clip(tmp_path):
    dataset = ImageDataset(filepath=tmp_path / "sheet.png")
    image, clip = np.ones((4, 5, 1), np.uint8), np.zeros((2, 4, 5, 1), np.uint8)
    for value, name in ((image, "sheet.png"), (clip, "sheet.webp"), (image, "sheet.png")):
        dataset.save(value)
        assert [file.name for file in tmp_path.iterdir()] == [name]
        assert dataset.stored == tmp_path / name
        assert dataset.load().shape == value.shape


def test_of_two_files_that_a_killed_save_has_left_the_newer_one_counts(tmp_path):
    dataset = ImageDataset(filepath=tmp_path / "sheet.png")
    image, clip = np.ones((4, 5, 1), np.uint8), np.zeros((2, 4, 5, 1), np.uint8)
    dataset.save(image)
    old = (tmp_path / "sheet.png").read_bytes()
    dataset.save(clip)
    (tmp_path / "sheet.png").write_bytes(old)
    os.utime(tmp_path / "sheet.png", ns=(1, 1))
    np.testing.assert_array_equal(dataset.load(), clip)
    os.utime(tmp_path / "sheet.webp", ns=(0, 0))
    np.testing.assert_array_equal(dataset.load(), image)


def test_nothing_is_no_file_where_that_is_allowed(tmp_path):
    dataset = ImageDataset(filepath=tmp_path / "new" / "streams.png", missing_ok=True)
    nothing = np.empty((0, 0, 0), np.uint8)
    dataset.save(nothing)
    assert dataset.load().size == 0
    assert dataset.preview() == ""
    for value in (np.ones((2, 4, 5, 1), np.uint8), np.ones((4, 5, 1), np.uint8)):
        dataset.save(value)
        np.testing.assert_array_equal(dataset.load(), value)
        dataset.save(nothing)
        assert not dataset.exists()
        assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(DatasetError, match="expected uint8"):
        ImageDataset(filepath=tmp_path / "streams.png").save(nothing)
    with pytest.raises(DatasetError):
        ImageDataset(filepath=tmp_path / "streams.png").load()


@pytest.mark.parametrize("duration", [0, -1, 2**24])
@pytest.mark.parametrize(
    "config",
    [
        {"type": "ganflow.datasets.ImageDataset", "filepath": "a.png"},
        {"type": "ganflow.datasets.ImageFolderDataset", "path": "a"},
        {"type": "ganflow.datasets.SheetSeries", "path": "a", "name": "sheets"},
    ],
)
def test_durations_that_webp_cannot_hold_are_refused(config, duration):
    with pytest.raises(DatasetError, match=f"Got frame_duration_ms={duration} for a.*, expected 1 to 16777215"):
        DataCatalog.from_config({"it": config | {"frame_duration_ms": duration}}).get("it")


def test_a_clip_is_shown_for_the_time_that_its_entry_says(tmp_path):
    ImageDataset(filepath=tmp_path / "a.png", frame_duration_ms=40).save(grey_frames(1, 2, 2))
    with Image.open(tmp_path / "a.webp") as picture:
        picture.seek(2)
        picture.load()
        assert (picture.n_frames, picture.info["timestamp"], picture.info["duration"]) == (3, 80, 40)


def test_a_sheet_larger_than_webp_knows_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="expected 16383 pixels a side at most. Put fewer on a sheet"):
        ImageDataset(filepath=tmp_path / "a.png").save(np.zeros((2, 1, 16_384, 1), np.uint8))


@settings(max_examples=60)
@given(frames=arrays(rank=4), repeats=st.integers(1, 3))
def test_every_animation_comes_back_grey_or_colour_equal_frames_or_not(frames, repeats):
    with tempfile.TemporaryDirectory() as folder:
        dataset = AnimationDataset(filepath=Path(folder) / "a.png")
        dataset.save(np.repeat(frames, repeats, axis=0))
        np.testing.assert_array_equal(dataset.load(), np.repeat(frames, repeats, axis=0))


@pytest.mark.parametrize("levels", [(1, 2, 3), (1, 2, 2), (1, 1, 1, 1)])
def test_the_last_frame_is_held_and_the_animation_repeats(tmp_path, levels):
    dataset = AnimationDataset(filepath=tmp_path / "a.png", frame_duration_ms=75, last_frame_duration_ms=501)
    dataset.save(grey_frames(*levels))
    with Image.open(tmp_path / "a.png") as picture:
        found = []
        for index in range(picture.n_frames):
            picture.seek(index)
            found.append(picture.info["duration"])
        assert found == [75] * (len(levels) - 1) + [501]
        assert picture.info["loop"] == 0


@pytest.mark.parametrize(("frame", "last"), [(0, 100), (100, 0), (-10, 10), (100, 65_536)])
def test_durations_that_a_png_cannot_hold_are_refused(tmp_path, frame, last):
    config = {"type": "ganflow.datasets.AnimationDataset", "filepath": str(tmp_path / "a.png")}
    with pytest.raises(DatasetError, match=f"Got frame_duration_ms={frame} and last_frame_duration_ms={last}"):
        DataCatalog.from_config({"it": config | {"frame_duration_ms": frame, "last_frame_duration_ms": last}}).get("it")


@pytest.mark.parametrize("black_and_white", [False, True])
def test_rgb_that_happens_to_be_grey_stays_rgb(tmp_path, black_and_white):
    frames = np.zeros((2, 4, 4, 3), np.uint8)
    frames[1] = 255 * black_and_white
    for dataset, value in [(AnimationDataset(filepath=tmp_path / "b.png"), frames), (ImageDataset(filepath=tmp_path / "a.png"), frames[0])]:
        dataset.save(value)
        np.testing.assert_array_equal(dataset.load(), value)


def test_the_folder_is_replaced_as_a_whole(tmp_path):
    dataset = ImageFolderDataset(path=tmp_path / "samples")
    assert not dataset.exists()
    dataset.save(np.zeros((12, 2, 2, 1), np.uint8))
    assert sorted(file.name for file in (tmp_path / "samples").iterdir()) == [f"000{index:02d}.png" for index in range(12)]
    dataset.save(np.ones((3, 2, 2, 1), np.uint8))
    assert dataset.load().shape == (3, 2, 2, 1)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["00000.png", "00001.png", "00002.png", "samples"]


def test_a_folder_that_a_killed_save_has_moved_aside_is_found(tmp_path):
    dataset = ImageFolderDataset(path=tmp_path / "samples")
    images = np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)
    dataset.save(images)
    (tmp_path / "samples").rename(tmp_path / ".samples.previous")
    assert dataset.exists()
    np.testing.assert_array_equal(dataset.load(), images)
    dataset.save(images + 1)
    np.testing.assert_array_equal(dataset.load(), images + 1)
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]


def test_foreign_files_in_the_folder_are_ignored(tmp_path):
    (tmp_path / "x").mkdir()
    dataset = ImageFolderDataset(path=tmp_path / "x")
    (tmp_path / "x" / "readme.md").write_text("mine")
    assert not dataset.exists()
    images = np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1)
    dataset.save(images)
    for name in ("readme.md", ".00002.png", "2.png", "00002.jpg", "photo.png"):
        (tmp_path / "x" / name).write_text("mine")
    np.testing.assert_array_equal(dataset.load(), images)


def test_a_gap_an_odd_size_and_an_empty_folder_are_told_as_such(tmp_path):
    dataset = ImageFolderDataset(path=tmp_path / "samples")
    with pytest.raises(DatasetError, match="Got 0 images"):
        dataset.load()
    dataset.save(np.zeros((3, 2, 2, 1), np.uint8))
    Image.new("L", (9, 9)).save(tmp_path / "samples" / "00002.png")
    with pytest.raises(DatasetError, match="several shapes"):
        dataset.load()
    (tmp_path / "samples" / "00001.png").unlink()
    with pytest.raises(DatasetError, match="Got 2 images .* without a gap"):
        dataset.load()


@pytest.mark.parametrize(
    ("kind", "argument", "shape"),
    [(ImageDataset, "filepath", (4, 4, 1)), (ImageFolderDataset, "path", (2, 4, 4, 1)), (AnimationDataset, "filepath", (2, 4, 4, 1))],
)
def test_what_is_no_image_is_refused(tmp_path, kind, argument, shape):
    dataset = kind(**{argument: tmp_path / "a.png"})
    good = np.zeros(shape, np.uint8)
    for bad in (good.astype(float), good.astype(bool), good[0], good[..., 0], np.repeat(good, 2, axis=-1), good[:0], good[..., :0]):
        with pytest.raises(DatasetError, match="expected uint8") as caught:
            dataset.save(bad)
        assert isinstance(caught.value.__cause__, DataError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "shape", "step"), [(ImageDataset, (6, 7, 3), 1), (ImageDataset, (2, 3, 4, 1), 3), (AnimationDataset, (2, 3, 4, 1), 3)]
)
def test_a_file_cut_off_anywhere_is_told_as_such(tmp_path, kind, shape, step):
    file = tmp_path / ("a.file.webp" if kind is ImageDataset and len(shape) == 4 else "a.file")
    dataset = kind(filepath=file)
    dataset.save(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    content = file.read_bytes()
    # a PNG that lacks no more than its last checksums (zlib's 4 bytes, the chunk's 4, the end marker's 12) still holds every pixel
    num_spare_bytes = 20 if len(shape) == 3 else 0
    for num_bytes in range(0, len(content) - num_spare_bytes, step):
        file.write_bytes(content[:num_bytes])
        with pytest.raises(DatasetError, match=r"a.file(\.webp)? is no complete") as caught:
            dataset.load()
        assert isinstance(caught.value.__cause__, DataError)


def test_a_png_of_another_kind_is_told_as_such(tmp_path):
    Image.new("RGBA", (3, 3)).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match="Got mode RGBA in .*a.png, expected L or RGB"):
        ImageDataset(filepath=tmp_path / "a.png").load()


def previews(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 1), dtype=np.uint8)
    older = image[::-1].copy()
    picture, clip, animation, series = (
        ImageDataset(filepath=tmp_path / "a.png"),
        ImageDataset(filepath=tmp_path / "c.png"),
        AnimationDataset(filepath=tmp_path / "b.png"),
        SheetSeries(path=tmp_path / "runs", name="sheets"),
    )
    picture.save(image)
    clip.save(np.stack([image, older]))
    animation.save(np.stack([image, older]))
    series.save({"run-b": {900: older}})
    series.save({"run-a": {100: image}})
    return image, [picture, clip, animation, series]


def test_previews_are_what_kedro_viz_shows_as_images(tmp_path):
    from kedro_viz.models.flowchart.node_metadata import DataNodeMetadata
    from kedro_viz.models.flowchart.nodes import GraphNode

    image, datasets = previews(tmp_path)
    for dataset in datasets:
        node = GraphNode.create_data_node("id", "name", None, set(), dataset, None)
        shown = DataNodeMetadata(data_node=node)
        assert shown.preview_type == "ImagePreview"
        with Image.open(io.BytesIO(base64.b64decode(shown.preview))) as decoded:
            np.testing.assert_array_equal(np.asarray(decoded.convert("L")), image[..., 0])
