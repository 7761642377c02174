"""A folder of moving pictures becomes clips: animated files and numbered ones, in order, cut without a rest, and nothing ends the run."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from base_parameters import section
from ganflow.config.data import DataParameters, ImageGeometry
from ganflow.data.pictures import decoding
from ganflow.data.pictures.intake import take_in
from ganflow.data.pictures.store import PictureStore
from ganflow.data.preparation import open_source
from ganflow.errors import DataError

T = 4
SIDE = 8


def parameters(folder: Path, **changes) -> DataParameters:
    image = section(ImageGeometry, height=SIDE, width=SIDE, channels=1)
    defaults = {"source": "video_folder", "location": str(folder), "image": image, "clip": {"frames": T}, "held_out_share": 0.5}
    return section(DataParameters, **(defaults | {"max_bad_fraction": 1.0} | changes))


def greys(levels, size=(SIDE, SIDE)) -> list[Image.Image]:
    """Frames of one grey level each, with a white corner, so that they are not flat."""
    frames = []
    for level in levels:
        pixels = np.full((size[1], size[0]), level, np.uint8)
        pixels[: size[1] // 2, : size[0] // 2] = 255
        frames.append(Image.fromarray(pixels))
    return frames


def save(file: Path, frames: list[Image.Image], **options) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(file, save_all=True, append_images=frames[1:], **options)


def save_numbered(folder: Path, frames: list[Image.Image], name: str = "{:d}.png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        frame.save(folder / name.format(number))


@pytest.fixture
def taken_in(tmp_path, monkeypatch):
    """Function from parameters to the store; it decodes in this process, since processes of their own are tested elsewhere."""
    monkeypatch.setattr(
        "ganflow.data.pictures.intake.decode_all", lambda openers, geometry: ([decoding.decode(*one, geometry)] for one in openers)
    )
    store = PictureStore(tmp_path / "pictures.sqlite")

    def take(settings: DataParameters) -> PictureStore:
        for part in take_in(settings, {}, store):
            store.save(part)
        return store

    return take


def levels(settings: DataParameters, store: PictureStore, start: int = 0) -> list[list[int]]:
    """The grey level of every frame of every clip from a number on."""
    chunks = list(open_source(settings, store).chunks(start))
    return [clip[:, -1, -1, 0].tolist() for chunk in chunks for clip in chunk.images]


def problems(store: PictureStore) -> dict[str, str]:
    return dict(store.problems(100).rows)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_an_animated_file_is_cut_into_clips_and_the_rest_is_left_out(tmp_path, taken_in, ending):
    options = {"lossless": True} if ending == "webp" else {}
    save(tmp_path / "in" / f"moving.{ending}", greys(range(10, 110, 10)), **options)  # ten frames: two clips of four, and two left
    settings = parameters(tmp_path / "in")
    assert levels(settings, taken_in(settings)) == [[10, 20, 30, 40], [50, 60, 70, 80]]


@pytest.mark.parametrize("name", ["{:d}.png", "frame_{:04d}.bmp", "a1_{:d}.png"])
def test_numbered_files_are_frames_in_the_order_of_their_numbers(tmp_path, taken_in, name):
    save_numbered(tmp_path / "in" / "walk", greys(range(10, 130, 10)), name)  # 12, of which "10" comes after "9"
    settings = parameters(tmp_path / "in")
    store = taken_in(settings)
    assert levels(settings, store) == [[10, 20, 30, 40], [50, 60, 70, 80], [90, 100, 110, 120]]
    assert problems(store) == {}


def test_moving_pictures_of_one_folder_are_told_apart_by_their_names(tmp_path, taken_in):
    save_numbered(tmp_path / "in", greys([1, 2, 3, 4]), "left{:d}.png")
    save_numbered(tmp_path / "in", greys([5, 6, 7, 8]), "right{:d}.png")
    settings = parameters(tmp_path / "in")
    assert sorted(levels(settings, taken_in(settings))) == [[1, 2, 3, 4], [5, 6, 7, 8]]


def test_all_clips_of_a_moving_picture_are_on_one_side(tmp_path, taken_in):
    for number in range(12):
        save(tmp_path / "in" / f"{chr(97 + number)}.gif", greys(range(20 * number, 20 * number + 16)))
    settings = parameters(tmp_path / "in")
    (chunk,) = open_source(settings, taken_in(settings)).chunks(0)
    assert chunk.images.shape == (12 * 4, T, SIDE, SIDE, 1)
    sides = chunk.is_held_out.reshape(12, 4)
    assert (sides == sides[:, :1]).all()
    assert 0 < sides.sum() < sides.size


@pytest.mark.parametrize("start", [0, 1, 2, 3, 5, 6, 9])
def test_clips_are_found_from_any_number_on(tmp_path, taken_in, start):
    for number, length in enumerate((8, 4, 12)):
        save(tmp_path / "in" / f"{chr(97 + number)}.gif", greys(range(50 * number, 50 * number + length)))
    settings = parameters(tmp_path / "in")
    store = taken_in(settings)
    assert len(levels(settings, store)) == 6
    assert levels(settings, store, start) == levels(settings, store)[start:]


def test_first_folders_name_classes(tmp_path, taken_in):
    for number in range(2):
        save(tmp_path / "in" / "jump" / f"{chr(97 + number)}.gif", greys(range(10 + number, 18 + number)))
        save_numbered(tmp_path / "in" / "walk" / f"person {number}", greys(range(100 + number, 104 + number)))
    settings = parameters(tmp_path / "in", classes="folders")
    source = open_source(settings, taken_in(settings))
    (chunk,) = source.chunks(0)
    assert source.class_names == ("jump", "walk")
    assert (chunk.labels == (chunk.images[:, 0, -1, -1, 0] >= 100)).all()
    assert len(chunk) == 2 * 2 + 2


def test_a_frame_that_is_added_or_changed_is_a_change_of_its_moving_picture(tmp_path, taken_in):
    save_numbered(tmp_path / "in" / "walk", greys(range(4)))
    save(tmp_path / "in" / "b.gif", greys(range(60, 64)))
    settings = parameters(tmp_path / "in")
    assert len(levels(settings, taken_in(settings))) == 2
    save_numbered(tmp_path / "in" / "walk", greys(range(8)))
    assert sorted(levels(settings, taken_in(settings))) == [[0, 1, 2, 3], [4, 5, 6, 7], [60, 61, 62, 63]]


def test_another_number_of_frames_cuts_anew(tmp_path, taken_in):
    save(tmp_path / "in" / "b.gif", greys(range(8)))
    settings = parameters(tmp_path / "in", clip={"frames": 8})
    taken_in(parameters(tmp_path / "in"))
    assert levels(settings, taken_in(settings)) == [list(range(8))]


def broken(content: bytes) -> bytes:
    """The first half, and then nothing of use."""
    return content[: len(content) // 2]


def noisy(num: int, kind: str) -> bytes:
    """An animation whose frames do not compress, so that half of its bytes are half of its frames."""
    random = np.random.default_rng(0)
    frames = [Image.fromarray(random.integers(0, 256, (32, 32), dtype=np.uint8)) for _ in range(num)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "write", "problem"),
    [
        ("short.gif", lambda file: save(file, greys([1, 2, 3])), r"3 frames, fewer than a clip has \(data\.clip\.frames=4\)"),
        ("one.gif", lambda file: save(file, greys([1])), "one frame, fewer than a clip has"),
        ("1.png", lambda file: save(file, greys([1])), "one frame, fewer than a clip has"),
        ("half.gif", lambda file: file.write_bytes(broken(noisy(8, "GIF"))), r"damaged after [1-7] frames: .*truncated"),
        ("half.webp", lambda file: file.write_bytes(broken(noisy(8, "WEBP"))), "(no picture of|damaged|it cannot be)"),
        ("half.png", lambda file: file.write_bytes(broken(noisy(8, "PNG"))), "damaged after [1-7] frames|it cannot be decoded"),
        ("text.gif", lambda file: file.write_text("no picture"), "no picture of a format that Pillow knows"),
    ],
)  # fmt: skip
def test_what_is_no_whole_moving_picture_is_left_out_and_named(tmp_path, taken_in, name, write, problem):
    save(tmp_path / "in" / "good.gif", greys(range(4)))
    write(tmp_path / "in" / name)
    settings = parameters(tmp_path / "in")
    store = taken_in(settings)
    assert levels(settings, store) == [[0, 1, 2, 3]]
    with pytest.raises(DataError, match=f"{name}: ({problem})"):
        taken_in(parameters(tmp_path / "in", on_bad_image="fail"))


def test_frames_of_several_sizes_and_damaged_ones_in_numbered_files_are_named(tmp_path, taken_in):
    save(tmp_path / "in" / "good.gif", greys(range(4)))
    save_numbered(tmp_path / "in" / "sizes", [*greys([1, 2, 3]), *greys([4], size=(9, 7))])
    save_numbered(tmp_path / "in" / "broken", greys(range(5)))
    (tmp_path / "in" / "broken" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    found = problems(taken_in(parameters(tmp_path / "in")))
    assert found["sizes/*.png"] == "frames of 2 sizes, such as 8 × 8 and 9 × 7"
    assert found["broken/*.png"].startswith("damaged after 2 frames: ")


def test_a_link_out_of_the_folder_is_no_frame(tmp_path, taken_in):
    save_numbered(tmp_path / "in" / "walk", greys(range(4)))
    greys([200])[0].save(tmp_path / "secret.png")
    (tmp_path / "in" / "walk" / "4.png").symlink_to(tmp_path / "secret.png")
    settings = parameters(tmp_path / "in", clip={"frames": 2})
    store = taken_in(settings)
    assert levels(settings, store) == [[0, 1], [2, 3]]
    assert problems(store) == {"walk/4.png": "a link that leads out of the folder"}


def test_a_moving_picture_that_memory_need_not_hold_is_named(tmp_path, taken_in, monkeypatch):
    monkeypatch.setattr(decoding, "MOST_MOVING_BYTES", 10 * SIDE * SIDE)
    save(tmp_path / "in" / "good.gif", greys(range(10)))
    save(tmp_path / "in" / "long.gif", greys(range(11)))
    assert problems(taken_in(parameters(tmp_path / "in"))) == {
        "long.gif": "more than 10 frames, which memory need not hold at once; cut it into several files"
    }


def test_frames_keep_their_colours_over_the_background_where_they_are_transparent(tmp_path, taken_in):
    frames = [Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, alpha)) for alpha in (0, 255, 0, 255)]
    save_numbered(tmp_path / "in" / "a", frames)
    image = section(ImageGeometry, height=SIDE, width=SIDE, background="blue")
    settings = parameters(tmp_path / "in", image=image)
    (chunk,) = open_source(settings, taken_in(settings)).chunks(0)
    assert chunk.images[0, :, 0, 0].tolist() == [[0, 0, 255], [255, 0, 0], [0, 0, 255], [255, 0, 0]]
