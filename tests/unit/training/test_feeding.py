"""Batches depend on seed and step alone, wherever the images are kept."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from ganflow.data.images import ImageSet
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch, build_feed, choose_images, feed_from_device, feed_from_host
from ganflow.training.loop import train


def test_draws_depend_on_seed_step_and_use_alone():
    # as many uses as anyone likes: none is another one's next step
    uses = [f"use {number}" for number in range(20)]
    draws = [Draws(seed).at(step, use).numpy().tolist() for seed in (0, 1) for step in range(3) for use in uses]
    assert len({tuple(draw) for draw in draws}) == 2 * 3 * 20
    assert Draws(5).at(7, "noise").numpy().tolist() == Draws(5).at(tf.constant(7), "noise").numpy().tolist()


def test_xla_draws_the_same_numbers():
    def draw(step):
        return choose_images(10, 33, Draws(5), step), Draws(5).uniform(step, "real images", (3, 11))

    step = tf.constant(7)
    for compiled, plain in zip(tf.function(draw, jit_compile=True)(step), draw(step), strict=True):
        np.testing.assert_array_equal(compiled, plain)


def test_every_image_is_chosen_equally_often():
    chosen = choose_images(10, 20_000, Draws(0), tf.constant(3)).numpy()
    counts = np.bincount(chosen, minlength=10)
    # 2,000 each, with a standard deviation of 42
    assert len(counts) == 10
    assert np.abs(counts - 2000).max() < 200


@settings(max_examples=10)
@given(num=st.integers(1, 30), batch_size=st.integers(1, 9), start=st.integers(0, 1000), seed=st.integers(0, 2**31 - 1))
def test_host_and_device_feed_the_same_batches(num, batch_size, start, seed):
    images = np.random.default_rng(0).integers(0, 256, (num, 2, 3, 1), dtype=np.uint8)
    labels = np.arange(num)
    host = feed_from_host(ImageSet(images, labels, tuple(map(str, labels))), batch_size, Draws(seed), start)
    device = feed_from_device(Batch(tf.constant(images), tf.constant(labels)), batch_size, Draws(seed))
    for step in range(start, start + 3):
        from_host, from_device = host.batch(tf.constant(step)), device.batch(tf.constant(step))
        np.testing.assert_array_equal(from_host.images, from_device.images)
        np.testing.assert_array_equal(from_host.labels, from_device.labels)
        # every image comes with its own label
        np.testing.assert_array_equal(from_host.images, images[from_host.labels.numpy()])


def test_images_without_labels_come_in_batches_without_labels(images):
    for device_limit in (2**20, 0):
        batch = build_feed(ImageSet(images), 4, Draws(0), 0, device_limit).batch(tf.constant(0))
        assert (batch.images.shape, batch.labels) == ((4, 8, 8, 1), None)


@pytest.mark.parametrize(("device_limit", "fits"), [(24 * 64, True), (24 * 64 - 1, False)])
def test_images_stay_on_the_device_if_they_fit(images, device_limit, fits):
    # 24 images of 8 × 8 bytes
    assert build_feed(ImageSet(images), 4, Draws(0), 0, device_limit).is_compilable == fits


def test_training_from_a_mapped_file_is_bit_identical(images, architectures, training_parameters, whole, tmp_path, monkeypatch):
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    monkeypatch.setattr("ganflow.training.feeding.feed_from_device", None)
    *_, streamed = train(ImageSet(mapped), *architectures, training_parameters.model_copy(update={"device_data_mib": 0}))
    for name, array in whole[-1].arrays.items():
        np.testing.assert_array_equal(streamed.arrays[name], array, err_msg=name)
