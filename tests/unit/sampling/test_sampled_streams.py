"""Clips are drawn as images are, and what they are made of adds up to them."""

import numpy as np
import pytest

from clip_generators import SHAPE, one_stream, two_streams
from ganflow import networks
from ganflow.errors import ConfigurationError
from ganflow.sampling.images import sample_images, sample_inputs, sample_rows
from ganflow.sampling.streams import sample_streams


@pytest.mark.parametrize("make", [one_stream, two_streams])
def test_clips_are_sampled_as_images_are(make):
    generator = make()
    clips = sample_images(generator, 5, 2, seed=1)
    assert (clips.shape, clips.dtype) == ((5, *SHAPE), np.uint8)
    assert len(sample_rows(generator, 3, 4, seed=1)) == 9
    # in whole batches or not
    np.testing.assert_array_equal(sample_streams(generator, 5, 3, seed=1)[0], clips)
    assert not np.array_equal(sample_images(generator, 5, 2, seed=2), clips)


def test_the_streams_are_those_that_the_clip_is_made_of():
    generator = two_streams()
    clips, foreground, mask, background = sample_streams(generator, 4, 3, seed=1)
    assert all((layer.shape, layer.dtype) == ((4, *SHAPE), np.uint8) for layer in (clips, foreground, mask, background))
    np.testing.assert_array_equal(background, np.repeat(background[:, :1], SHAPE[0], axis=1))
    share = mask / 255
    # each of the four is rounded to a whole number: by half a level, which the mask weighs with the difference of the streams, up to 255
    assert np.abs(share * foreground + (1 - share) * background - clips).max() <= 0.5 + 0.5 + 0.5
    inputs = sample_inputs(generator, 4, seed=1)
    expected = generator.get_layer("mask").output
    network = type(generator)(generator.input, expected)
    np.testing.assert_allclose(mask, np.rint(network(inputs).numpy() * 255), atol=1)


def test_a_generator_of_one_stream_has_clips_alone_and_one_of_images_nothing(architectures):
    assert len(sample_streams(one_stream(), 2, 2, seed=1)) == 1
    assert sample_streams(networks.instantiate(architectures[0], seed=0), 2, 2, seed=1) == []


def test_classes_that_a_generator_of_clips_does_not_know_are_refused():
    with pytest.raises(ConfigurationError, match="for a generator that knows no classes"):
        sample_streams(one_stream(), 2, 2, seed=1, classes=[0])
