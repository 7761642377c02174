"""Statistics of pixels in closed form."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ganflow.errors import DataError
from ganflow.metrics.images import image_statistics, nearest_distances

SOME_IMAGES = arrays.arrays(np.uint8, st.tuples(st.integers(2, 5), st.integers(8, 10), st.integers(8, 10), st.just(1)))


def of_pattern(pattern, num=2):
    return image_statistics(np.repeat(np.asarray(pattern, np.uint8)[None, :, :, None], num, axis=0))


# 51 is a fifth of white, which float32 does not hold exactly: the variance is not quite 0 there
@pytest.mark.parametrize("grey", [0, 51])
def test_flat_images_have_no_detail(grey):
    statistics = of_pattern(np.full((8, 8), grey))
    assert statistics.brightness == pytest.approx(grey / 255)
    assert (statistics.roughness, statistics.diversity) == (0.0, 0.0)
    assert statistics.contrast == pytest.approx(0.0, abs=1e-6)
    assert statistics.checkerboard == pytest.approx(1.0)


@pytest.mark.parametrize("turned", [False, True])
def test_stripes_by_hand(turned):
    # black and white columns in turn: mean ½, deviation ½; neighbours differ by 1 across columns and by 0 along them, ½ on average,
    # over twice the variance ¼ that is 1; all power is at the highest frequency
    stripes = np.tile([0, 255], (8, 4))
    statistics = of_pattern(stripes.T if turned else stripes)
    assert (statistics.brightness, statistics.contrast, statistics.midtones) == (0.5, 0.5, 0.0)
    assert statistics.roughness == pytest.approx(1.0)
    # (8 pixels of ±½, in phase, squared is 16, plus the least power) over the least power
    assert statistics.checkerboard == pytest.approx((16 + 1e-6) / 1e-6, rel=1e-3)


def test_contrast_is_about_the_mean_of_each_image():
    # one flat image is dark and one is bright: neither has any contrast, and they differ by 0.6 in every pixel
    statistics = image_statistics(np.stack([np.full((8, 8, 1), value, np.uint8) for value in (51, 204)]))
    assert statistics.contrast == pytest.approx(0.0, abs=1e-6)
    assert statistics.diversity == pytest.approx(0.36, abs=1e-6)


@pytest.mark.parametrize(("grey", "share"), [(5, 0.0), (6, 1.0), (249, 1.0), (250, 0.0)])
def test_midtones_are_more_than_five_grey_levels_from_black_and_white(grey, share):
    # 0.02 of 255 is 5.1
    assert of_pattern(np.full((8, 8), grey)).midtones == share
    # beside three black rows of four
    assert of_pattern(np.tile([[grey], [0], [0], [0]], (2, 8))).midtones == share / 4


@pytest.mark.parametrize("turned", [False, True])
def test_checkerboard_compares_the_last_frequency_with_the_two_below(turned):
    # Cosines of 1, 2, 3 and 4 periods over 8 pixels; the last alternates. An amplitude has the power (8/2)² amplitude²,
    # the last one 8² amplitude²: 64 · 40² over (16 · 20² + 16 · 40²)/2 is 6.4. Across them there is no detail, a ratio of 1.
    amplitudes = [20, 40, 20, 40]
    row = 128 + sum(amplitude * np.cos(np.pi * period * np.arange(8) / 4) for period, amplitude in enumerate(amplitudes, start=1))
    pattern = np.tile(np.rint(row), (8, 1))
    assert of_pattern(pattern.T if turned else pattern).checkerboard == pytest.approx(6.4, rel=0.03)


def test_the_statistics_of_clips_are_those_of_their_frames_but_diversity_is_of_clips():
    random = np.random.default_rng(0)
    clips = random.integers(0, 256, (3, 4, 8, 9, 1), dtype=np.uint8)
    of_clips, of_frames = image_statistics(clips), image_statistics(clips.reshape(12, 8, 9, 1))
    for name in ("brightness", "contrast", "midtones", "roughness", "checkerboard"):
        assert getattr(of_clips, name) == pytest.approx(getattr(of_frames, name), rel=1e-5), name
    pairs = [np.mean((one / 255 - other / 255) ** 2) for one, other in itertools.combinations(clips, 2)]
    assert of_clips.diversity == pytest.approx(np.mean(pairs), rel=1e-5)
    # one clip twice, however much moves in it
    assert image_statistics(np.repeat(clips[:1], 2, axis=0)).diversity == 0.0


def test_the_nearest_clip_is_nearest_in_all_of_its_frames():
    clips = np.zeros((2, 2, 8, 8, 1), np.uint8)
    # the first is 0.4 away in one frame of two, the second 0.2 in both: roots of 0.08 and 0.04
    clips[0, 0], clips[1] = 102, 51
    np.testing.assert_allclose(nearest_distances(np.zeros((1, 2, 8, 8, 1), np.uint8), clips[:1]), [0.08**0.5])
    np.testing.assert_allclose(nearest_distances(np.zeros((1, 2, 8, 8, 1), np.uint8), clips), [0.2])


def test_white_noise_has_roughness_one_and_no_checkerboard():
    noise = np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1), dtype=np.uint8)
    statistics = image_statistics(noise)
    # each ratio is of means over more than 10,000 values
    assert statistics.roughness == pytest.approx(1.0, abs=0.02)
    assert statistics.checkerboard == pytest.approx(1.0, abs=0.05)
    # independent images: twice the variance of uniform pixels, 1/12
    assert statistics.diversity == pytest.approx(1 / 6, rel=0.01)


def test_every_statistic_is_a_plain_float():
    # JSON knows no others
    assert {type(value) for value in vars(of_pattern(np.full((8, 8), 51))).values()} == {float}


@given(SOME_IMAGES)
def test_diversity_is_the_mean_over_all_pairs(images):
    pixels = images / 255
    pairs = [np.mean((one - other) ** 2) for one, other in itertools.combinations(pixels, 2)]
    assert image_statistics(images).diversity == pytest.approx(np.mean(pairs), abs=1e-6)


@given(SOME_IMAGES)
def test_a_negative_has_the_same_contrast_roughness_and_diversity(images):
    one, other = image_statistics(images), image_statistics(255 - images)
    assert one.brightness == pytest.approx(1 - other.brightness, abs=1e-5)
    for name in ("contrast", "roughness", "diversity", "midtones"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4), name


@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (2, 7, 8, 1), (2, 8, 7, 1), (2, 8, 8)])
def test_what_is_no_set_of_images_is_refused(shape):
    with pytest.raises(DataError, match=r"expected uint8 of shape .*, two images at least|expected 8 to 256 pixels a side"):
        image_statistics(np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match="float64"):
        image_statistics(np.zeros((2, 8, 8, 1)))


@given(SOME_IMAGES, st.integers(0, 2**32 - 1))
def test_the_nearest_is_found_whatever_fits_at_a_time(images, seed):
    others = np.random.default_rng(seed).integers(0, 256, (7, *images.shape[1:]), dtype=np.uint8)
    expected = [min(np.sqrt(np.mean((image / 255 - other / 255) ** 2)) for other in others) for image in images]
    with pytest.MonkeyPatch.context() as patch:
        # three, three and one of them
        patch.setattr("ganflow.metrics.images._BLOCK_VALUES", 3 * images[0].size)
        np.testing.assert_allclose(nearest_distances(images, others), expected, rtol=1e-12)


@given(SOME_IMAGES)
def test_a_copy_has_distance_zero(images):
    assert nearest_distances(images, images[::-1]).tolist() == [0.0] * len(images)


def test_a_block_of_others_is_bounded_in_memory_whatever_their_size(monkeypatch):
    random = np.random.default_rng(0)
    images, others = (random.integers(0, 256, (num, 64, 64, 1), dtype=np.uint8) for num in (3, 200))
    whole = nearest_distances(images, others)
    # two others at a time; all 200 take 6.6 MB as float64, one takes 33 kB
    monkeypatch.setattr("ganflow.metrics.images._BLOCK_VALUES", 2 * 64 * 64)
    tracemalloc.start()
    in_blocks = nearest_distances(images, others)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert in_blocks.tolist() == whole.tolist()
    assert peak_bytes < 1e6


def test_an_image_is_not_its_own_neighbour():
    images = np.zeros((3, 8, 8, 1), np.uint8)
    images[1] = 51
    images[2] = 255
    assert nearest_distances(images, images).tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(nearest_distances(images, images, np.arange(3)), [0.2, 0.2, 0.8], rtol=1e-12)


@given(SOME_IMAGES, st.integers(0, 3), st.data())
def test_the_skipped_one_is_skipped_in_whatever_block_it_is(images, at_a_time, data):
    others = np.concatenate([images, 255 - images])
    skip = np.array(data.draw(st.permutations(range(len(others)))))[: len(images)]
    expected = [
        min(np.sqrt(np.mean((image / 255 - other / 255) ** 2)) for index, other in enumerate(others) if index != skipped)
        for image, skipped in zip(images, skip, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        # one at a time, too, where not even one fits
        patch.setattr("ganflow.metrics.images._BLOCK_VALUES", at_a_time * images[0].size)
        np.testing.assert_allclose(nearest_distances(images, others, skip), expected, rtol=1e-12)
