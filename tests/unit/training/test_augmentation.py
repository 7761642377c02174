"""Augmentation by hand, and what it must never do."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.config.training import AugmentationParameters
from ganflow.training.augmentation import NUM_DRAWS, augment, cut_out, recolour, translate

PIXELS = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4, 1)


def test_translation_by_hand():
    # one down, two to the left; zeros come in
    moved = translate(tf.constant(PIXELS), tf.constant([[1, -2]]), 0.0)
    assert moved[0, :, :, 0].numpy().tolist() == [[0, 0, 0, 0], [3, 4, 0, 0], [7, 8, 0, 0]]


def test_cutout_by_hand():
    # two rows and three columns; the first are one above and one to the left of the centre
    hidden = cut_out(tf.constant(PIXELS), tf.constant([[1, 3]]), (2, 3), -1.0)
    assert hidden[0, :, :, 0].numpy().tolist() == [[1, 2, -1, -1], [5, 6, -1, -1], [9, 10, 11, 12]]


@settings(max_examples=20)
@given(down=st.integers(-3, 3), right=st.integers(-3, 3), seed=st.integers(0, 1000))
def test_translation_equals_that_of_numpy(down, right, seed):
    image = np.random.default_rng(seed).normal(size=(1, 5, 4, 2)).astype(np.float32)
    expected = np.zeros_like(image)
    for row in range(5):
        for column in range(4):
            if 0 <= row - down < 5 and 0 <= column - right < 4:
                expected[0, row, column] = image[0, row - down, column - right]
    np.testing.assert_array_equal(translate(tf.constant(image), tf.constant([[down, right]]), 0.0), expected)


def test_the_extremes_of_the_draws_are_the_extremes_of_the_shift():
    # an eighth of 8 pixels is 1: draws below a third move by -1, above two thirds by +1
    image = np.zeros((3, 8, 8, 1), np.float32)
    image[:, 4, 4] = 1.0
    draws = tf.constant([[0.0] * NUM_DRAWS, [0.5] * NUM_DRAWS, [0.999] * NUM_DRAWS])
    moved = augment(tf.constant(image), AugmentationParameters(translation=0.125, cutout=0.0), draws, (0.0, 1.0)).numpy()
    assert [np.argwhere(one[:, :, 0]).tolist() for one in moved] == [[[3, 3]], [[4, 4]], [[5, 5]]]


def test_gradients_go_where_the_pixels_came_from():
    images = tf.constant(PIXELS)
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = tf.reduce_sum(cut_out(translate(images, tf.constant([[1, -2]]), 0.0), tf.constant([[2, 0]]), (1, 1), 0.0))
    # of the four pixels that stay in sight (3, 4, 7, 8), the one at row 2, column 0 is hidden
    assert tape.gradient(value, images)[0, :, :, 0].numpy().tolist() == [[0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize("scale", [(0.0, 1.0), (-1.0, 1.0)])
def test_nothing_is_invented_or_mirrored_unasked(scale):
    # an image of distinct pixels: what is seen keeps its order from left to right and from top to bottom
    image = tf.constant(np.arange(2, 66, dtype=np.float32).reshape(1, 8, 8, 1))
    draws = tf.constant(np.random.default_rng(0).uniform(size=(50, NUM_DRAWS)), tf.float32)
    seen = augment(tf.repeat(image, 50, axis=0), AugmentationParameters(translation=0.125, cutout=0.5), draws, scale).numpy()[..., 0]
    for one in seen:
        shown = [value for value in one.ravel() if value != scale[0]]
        assert shown == sorted(shown)
        assert len(set(shown)) == len(shown)


def test_every_second_image_is_mirrored_where_it_is_asked_for():
    images = tf.constant(np.repeat(PIXELS, 4, axis=0))
    draws = np.zeros((4, NUM_DRAWS), np.float32)
    draws[:, 4] = [0.0, 0.499, 0.5, 0.999]
    seen = augment(images, AugmentationParameters(mirror=True), tf.constant(draws), (0.0, 1.0)).numpy()
    mirrored = PIXELS[0, :, ::-1]
    for one, expected in zip(seen, [PIXELS[0], PIXELS[0], mirrored, mirrored], strict=True):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("scale", [(0.0, 1.0), (-1.0, 1.0)])
def test_colour_by_hand(scale):
    # one red and one grey pixel, in shares of the scale: means 1/3 and 0.5, of the image 5/12
    low, span = scale[0], scale[1] - scale[0]
    image = tf.constant([[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]]]]) * span + low
    # draws of 0.75, 0.5 and 0.5 are u = 0.5, 0 and 0: brighter by 0.5/4 of the scale
    brighter = recolour(image, tf.constant([[0.75, 0.5, 0.5]]), 1.0, scale)
    np.testing.assert_allclose(brighter, image + 0.125 * span, rtol=1e-6)
    # u = -1: no saturation is left
    grey = recolour(image, tf.constant([[0.5, 0.0, 0.5]]), 1.0, scale)
    np.testing.assert_allclose((grey.numpy() - low) / span, [[[[1 / 3] * 3, [0.5] * 3]]], rtol=1e-5)
    # u = -1: half of the contrast, about the mean 5/12
    pale = recolour(image, tf.constant([[0.5, 0.5, 0.0]]), 1.0, scale)
    expected = 5 / 12 + (np.array([[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]]]]) - 5 / 12) / 2
    np.testing.assert_allclose((pale.numpy() - low) / span, expected, rtol=1e-5)


def test_draws_in_the_middle_leave_colours_as_they_are():
    images = tf.constant(np.random.default_rng(0).uniform(size=(3, 4, 4, 3)).astype(np.float32))
    np.testing.assert_allclose(recolour(images, tf.fill((3, 3), 0.5), 1.0, (0.0, 1.0)), images, rtol=1e-5)


def test_all_frames_of_a_clip_are_treated_alike():
    # so a clip of the same frame over and over is that frame, augmented, over and over; the mean of all frames is that of each
    random = np.random.default_rng(0)
    images = random.uniform(size=(5, 8, 6, 3)).astype(np.float32)
    draws = tf.constant(random.uniform(size=(5, NUM_DRAWS)), tf.float32)
    parameters = AugmentationParameters(translation=0.25, cutout=0.5, mirror=True, colour=1.0)
    clips = augment(tf.constant(images[:, np.newaxis].repeat(3, axis=1)), parameters, draws, (0.0, 1.0))
    assert clips.shape == (5, 3, 8, 6, 3)
    expected = augment(tf.constant(images), parameters, draws, (0.0, 1.0))
    for frame in range(3):
        np.testing.assert_allclose(clips[:, frame], expected, rtol=1e-5, atol=1e-6)
    assert not np.allclose(expected, images)


def test_a_clip_keeps_its_frames_in_their_order():
    # frame t is all t + 1: where it is not hidden it stays so
    clip = tf.constant(np.arange(1, 5, dtype=np.float32).reshape(1, 4, 1, 1, 1) * np.ones((1, 1, 8, 8, 1), np.float32))
    seen = augment(clip, AugmentationParameters(translation=0.25, cutout=0.25, mirror=True), tf.fill((1, NUM_DRAWS), 0.3), (0.0, 1.0))
    assert [sorted(set(np.ravel(frame))) for frame in seen[0]] == [[0, number] for number in (1, 2, 3, 4)]
