"""Samples repeat, do not depend on batches, and interpolation is a straight line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganflow import networks
from ganflow.errors import ConfigurationError
from ganflow.networks.conditional import LABEL, with_labels
from ganflow.sampling.images import images_from_inputs, sample_images, sample_inputs, sample_rows
from ganflow.sampling.interpolation import draw_paths, interpolate


@pytest.fixture
def generator(architectures):
    return networks.instantiate(architectures[0], seed=0)


def test_samples_repeat_for_a_seed_and_change_with_it(generator):
    first = sample_images(generator, 10, 4, seed=1)
    assert (first.shape, first.dtype) == ((10, 8, 8, 1), np.uint8)
    np.testing.assert_array_equal(first, sample_images(generator, 10, 4, seed=1))
    assert not np.array_equal(first, sample_images(generator, 10, 4, seed=2))


def test_fewer_samples_are_the_beginning_of_more(generator):
    np.testing.assert_array_equal(sample_images(generator, 5, 4, seed=1), sample_images(generator, 11, 4, seed=1)[:5])


@pytest.mark.parametrize("num", [9, 501])
def test_samples_do_not_depend_on_batches(generator, num):
    one, other = (sample_images(generator, num, batch_size, seed=1).astype(int) for batch_size in (4, 500))
    # sums of other lengths may round a pixel up instead of down
    assert np.abs(one - other).max() <= 1


def test_images_are_the_generator_in_inference_mode(generator):
    latents = np.random.default_rng(0).uniform(-1, 1, (7, 6)).astype(np.float32)
    expected = np.rint(generator(latents, training=False).numpy() * 255)
    assert np.abs(images_from_inputs(generator, latents, 3).astype(float) - expected).max() <= 1


@given(num_steps=st.integers(2, 9), num_lines=st.integers(1, 4))
def test_interpolation_has_its_ends_and_equal_steps(num_steps, num_lines):
    random = np.random.default_rng(0)
    starts, ends = random.normal(size=(2, num_lines, 3))
    lines = interpolate(starts, ends, num_steps).reshape(num_lines, num_steps, 3)
    np.testing.assert_allclose(lines[:, 0], starts)
    np.testing.assert_allclose(lines[:, -1], ends)
    np.testing.assert_allclose(
        np.diff(lines, axis=1), np.broadcast_to((ends - starts)[:, None] / (num_steps - 1), (num_lines, num_steps - 1, 3))
    )


def test_classes_have_nothing_between_them():
    assert interpolate(np.array([3, 7]), np.array([5, 1]), 4).tolist() == [3, 3, 3, 3, 7, 7, 7, 7]


def test_paths_are_lines_between_inputs_of_the_generator(generator):
    lines = draw_paths(generator, 2, 5, seed=1).reshape(2, 5, 6)
    np.testing.assert_allclose(lines[:, 2], (lines[:, 0] + lines[:, 4]) / 2, atol=1e-6)
    np.testing.assert_array_equal(lines, draw_paths(generator, 2, 5, seed=1).reshape(2, 5, 6))
    assert not np.array_equal(lines, draw_paths(generator, 2, 5, seed=2).reshape(2, 5, 6))


@pytest.fixture
def knowing(networks_parameters):
    """A generator of three classes."""
    return networks.instantiate(networks.build_pair(networks_parameters, (8, 8, 1), [2, 1, 1])[0], seed=0)


def test_classes_that_are_asked_for_take_turns(knowing):
    drawn = sample_images(knowing, 6, 4, seed=1, classes=[2, 0])
    inputs = with_labels(sample_inputs(knowing, 6, seed=1), np.array([2, 0, 2, 0, 2, 0], np.int32))
    np.testing.assert_array_equal(drawn, images_from_inputs(knowing, inputs, 4))


def test_a_sheet_has_a_row_for_each_class_that_is_asked_for(knowing, generator):
    inputs = sample_inputs(knowing, 6, seed=1)
    rows = with_labels(inputs, np.array([2, 2, 2, 1, 1, 1], np.int32))
    np.testing.assert_array_equal(sample_rows(knowing, 3, 4, seed=1, classes=[2, 1]), images_from_inputs(knowing, rows, 4))
    # all three of them, or a square
    assert len(sample_rows(knowing, 5, 4, seed=1)) == 15
    assert len(sample_rows(generator, 5, 4, seed=1)) == 25


def test_classes_that_a_generator_does_not_know_are_refused(knowing, generator):
    with pytest.raises(ConfigurationError, match=r"Got sampling.classes = \[1, 3\], expected numbers from 0 to 2. Leave \[3\] out"):
        sample_images(knowing, 4, 4, seed=1, classes=[1, 3])
    with pytest.raises(ConfigurationError, match="for a generator that knows no classes. Set it to null"):
        sample_rows(generator, 4, 4, seed=1, classes=[0])


def test_a_walk_between_two_draws_keeps_the_class_of_the_first(knowing):
    paths = draw_paths(knowing, 2, 5, seed=3)
    labels = paths[LABEL].reshape(2, 5)
    assert (labels == labels[:, :1]).all()
