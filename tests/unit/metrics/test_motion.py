"""How clips move, in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from base_parameters import section
from ganflow.config.data import DataParameters
from ganflow.data.sources.moving_digits import draw_motion, make_clip
from ganflow.errors import DataError
from ganflow.metrics.motion import Motion, directions, kept_shares, measure_motion, motion_scores, shuffled, still
from moving_bars import moving_bars

SOME_CLIPS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(2, 6), st.integers(8, 9), st.integers(8, 9), st.just(1)))


def square(places, ground=0, level=255, size=16):
    """One clip of a square of 4 × 4 pixels, whose upper left corner is at (row, column) of `places`, one for each frame."""
    clip = np.full((1, len(places), size, size, 1), ground, np.uint8)
    for frame, (row, column) in zip(clip[0], places, strict=True):
        frame[row : row + 4, column : column + 4] = level
    return clip


def line(velocity, start=(4, 2), length=5):
    return [tuple(np.add(start, np.multiply(time, velocity))) for time in range(length)]


def flashes(values):
    """One clip whose frames are flat, of these grey levels."""
    return np.repeat(np.uint8(values), 64).reshape(1, -1, 8, 8, 1)


def test_a_still_clip_has_no_energy_no_flicker_no_speed_and_no_unrest():
    motion = measure_motion(still(moving_bars(3)[0]))
    assert (motion.energy, motion.flicker) == (0.0, 0.0)
    assert motion.speeds.tolist() == motion.unrest.tolist() == [0.0] * 3


def test_the_energy_is_the_mean_squared_difference_of_consecutive_frames():
    # 0.2 up, 0.2 up, 0.6 up: (0.04 + 0.04 + 0.36) / 3
    assert measure_motion(flashes([0, 51, 102, 255])).energy == pytest.approx(0.44 / 3)
    # a square that goes one pixel to the right wins a column of four pixels and loses one: 8 of 256 change by 1
    assert measure_motion(square(line((0, 1)))).energy == pytest.approx(8 / 256)


@pytest.mark.parametrize(
    ("values", "share"),
    [
        # each difference is undone by the next
        ([0, 255, 0, 255, 0], 1.0),
        # or goes on
        ([0, 51, 102, 153, 204], 0.0),
        # the second undoes the first, the third has nothing to undo: (1 + 0) / 2 products over (1 + 1 + 0) / 3 squares
        ([0, 255, 0, 0], 0.75),
        ([0, 0], 0.0),
        ([0, 255], 0.0),
    ],
)
def test_flicker_is_the_share_of_a_difference_that_the_next_frame_undoes(values, share):
    assert measure_motion(flashes(values)).flicker == pytest.approx(share)


def test_steady_motion_does_not_flicker_and_independent_frames_do_by_half():
    assert measure_motion(square(line((0, 1), length=8))).flicker == 0.0
    noise = np.random.default_rng(0).integers(0, 256, (50, 8, 16, 16, 1), dtype=np.uint8)
    # Of independent frames a, b, c the product (a - b)(c - b) has the mean of the variance, the square (a - b)² twice that.
    # 50 · 6 · 256 products, each spread about as widely as its mean: ½ to within 1 %
    assert measure_motion(noise).flicker == pytest.approx(0.5, abs=0.01)
    clips = moving_bars(50, length=12, speed=1)[0]
    assert measure_motion(clips).flicker < 0.25
    assert measure_motion(shuffled(clips, np.random.default_rng(0))).flicker == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("velocity", "speed"), [((0, 2), 2.0), ((2, 0), 2.0), ((-1, 1), 2**0.5), ((0, 0), 0.0)])
@pytest.mark.parametrize(("ground", "level"), [(0, 255), (255, 0), (100, 220), (200, 60)])
def test_the_speed_is_that_of_what_moves_on_dark_and_on_bright_ground(velocity, speed, ground, level):
    assert measure_motion(square(line(velocity), ground, level)).speeds == pytest.approx([speed])


def test_the_ground_is_not_taken_for_what_moves():
    texture = np.random.default_rng(0).integers(0, 100, (1, 1, 16, 16, 1), dtype=np.uint8)
    clip = np.maximum(square(line((1, 2))), texture)
    # the square is 155 to 255 brighter than what it covers, which moves its centroid by less than half a pixel
    assert measure_motion(clip).speeds == pytest.approx([5**0.5], abs=0.25)


def test_the_speed_of_known_clips_is_found():
    # each axis goes one pixel a frame, back and forth: √2 but where a turn falls into a frame, and it never does for whole pixels
    assert measure_motion(moving_bars(20, speed=1)[0]).speeds == pytest.approx([2**0.5] * 20, rel=0.05)
    assert measure_motion(moving_bars(20, speed=2)[0]).speeds == pytest.approx([8**0.5] * 20, rel=0.2)


@pytest.mark.parametrize("textured", [False, True])
def test_the_speed_of_digits_is_the_one_that_they_were_drawn_with(textured):
    changes = {"image": {"height": 32, "width": 32, "channels": 1, "resize": "crop", "background": "black"}}
    parameters = section(DataParameters, source="moving_digits", **changes)
    wanted = parameters.moving_digits.model_copy(update={"textured": textured})
    parameters = parameters.model_copy(update={"moving_digits": wanted})
    numbers = range(60)
    truth = np.array([np.hypot(*draw_motion(parameters, number).velocities[0]) for number in numbers])
    found = measure_motion(np.stack([make_clip(parameters, number)[0] for number in numbers])).speeds
    # from 1 to 3 pixels a frame; a turn within a frame makes its way shorter, rounding and texture move the centroid a little
    assert np.corrcoef(truth, found)[0, 1] > 0.95
    assert np.median(found / truth) == pytest.approx(1.0, abs=0.05)
    assert np.abs(np.quantile(found / truth, [0.05, 0.95]) - 1).max() < 0.2


def test_a_little_noise_does_not_move():
    # less than a tenth of white
    clips = np.random.default_rng(0).integers(0, 25, (3, 6, 16, 16, 1), dtype=np.uint8)
    assert measure_motion(clips).speeds.tolist() == [0.0] * 3


def test_unrest_is_of_the_quietest_quarter():
    clip = flashes([0, 102])
    # two values, 0.4 apart, are 0.2 from their mean
    assert measure_motion(clip).unrest == pytest.approx([0.2])
    # a quarter and a little more stands still
    clip[:, :, :3] = 0
    assert measure_motion(clip).unrest == pytest.approx([0.0])


@pytest.mark.parametrize(("velocity", "number"), [((-1, -1), 0), ((-1, 1), 1), ((1, -1), 2), ((1, 1), 3), ((0, 0), 0)])
def test_directions_are_four_quadrants(velocity, number):
    assert directions(square(line(velocity, start=(5, 5)))).tolist() == [number]


def test_the_direction_is_that_of_the_first_half():
    # four frames down and to the right, and back
    there = line((1, 1), length=4)
    assert directions(square([*there, *there[::-1]])).tolist() == [3]
    assert directions(square([*there[::-1], *there])).tolist() == [0]


def test_a_clip_keeps_its_class_in_the_share_of_its_most_frequent_one():
    labels = np.array([[7, 7, 7, 7], [7, 1, 7, 7], [1, 2, 3, 4]])
    assert kept_shares(labels).tolist() == [1.0, 0.75, 0.25]


def of_speeds(speeds, labels=None):
    speeds = np.array(speeds, float)
    return Motion(np.ones(len(speeds)), np.full(len(speeds), 0.25), speeds, speeds / 10, None if labels is None else np.array(labels))


def test_scores_by_hand():
    # of speeds from 0 to 100 the middle 90 % are from 5 to 95
    real = of_speeds(range(101))
    scores = motion_scores(real, of_speeds([4, 5, 50, 95, 96, 97], [[1, 1, 1, 2], [1, 1, 2, 2], [3] * 4, [1, 1, 2, 1], [5] * 4, [6] * 4]))
    assert scores == pytest.approx(
        {
            "motion_energy": 1.0,
            "flicker": 0.25,
            # of 4, 5, 50, 95, 96, 97
            "speed": 72.5,
            "usual_speed_share": 3 / 6,
            "background_unrest": 7.25,
            # all but the second
            "kept_class_share": 5 / 6,
            # the third and the fourth
            "coherent_share": 2 / 6,
        }
    )
    assert {type(value) for value in scores.values()} == {float}
    # of real clips, the middle 90 %
    assert motion_scores(real, real)["usual_speed_share"] == pytest.approx(91 / 101)
    assert "kept_class_share" not in motion_scores(real, real)


@given(SOME_CLIPS, st.integers(0, 2**32 - 1))
def test_shuffled_frames_are_the_same_frames_in_another_order(clips, seed):
    num, length = clips.shape[:2]
    # frames that differ, so that their order shows
    clips[:, :, 0, 0, 0] = np.arange(length)
    others = shuffled(clips, np.random.default_rng(seed))
    orders = others[:, :, 0, 0, 0].astype(int)
    assert np.sort(orders, axis=1).tolist() == [list(range(length))] * num
    assert (orders != np.arange(length)).any(axis=1).all()
    np.testing.assert_array_equal(others, clips[np.arange(num)[:, None], orders])


def test_shuffling_repeats_for_a_seed():
    clips = moving_bars(5)[0]
    first, second, other = (shuffled(clips, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


@given(SOME_CLIPS)
def test_time_may_run_backwards(clips):
    there, back = measure_motion(clips), measure_motion(clips[:, ::-1])
    for name in ("energies", "undone", "speeds", "unrest"):
        np.testing.assert_allclose(getattr(there, name), getattr(back, name), atol=1e-5)


@given(SOME_CLIPS)
def test_a_mirrored_clip_moves_as_much(clips):
    one, other = measure_motion(clips), measure_motion(clips[:, :, :, ::-1])
    np.testing.assert_allclose(one.speeds, other.speeds, atol=1e-4)
    assert one.flicker == pytest.approx(other.flicker, abs=1e-4)
    assert 0 <= one.flicker <= 1


@given(SOME_CLIPS)
def test_what_fits_at_a_time_decides_nothing(clips):
    whole = measure_motion(clips), directions(clips)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganflow.metrics.motion._BLOCK_VALUES", 1)
        one_by_one = measure_motion(clips), directions(clips)
    np.testing.assert_allclose(whole[0].energies, one_by_one[0].energies, rtol=1e-5)
    np.testing.assert_allclose(whole[0].speeds, one_by_one[0].speeds, rtol=1e-5)
    assert whole[1].tolist() == one_by_one[1].tolist()


@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (2, 1, 8, 8, 1), (0, 4, 8, 8, 1)])
def test_what_is_no_clip_is_refused(shape):
    with pytest.raises(DataError, match=r"expected uint8 of shape \(N, T, H, W, C\), two frames at least"):
        measure_motion(np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match="float64"):
        measure_motion(np.zeros((2, 4, 8, 8, 1)))
