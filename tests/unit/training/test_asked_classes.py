"""What training does with classes."""

import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks
from ganflow.data.images import ImageSet
from ganflow.training.feeding import Batch
from ganflow.training.loop import train
from ganflow.training.state import create_state
from ganflow.training.step import TrainingStep

COUNTS = [16, 8]


@pytest.fixture(scope="module")
def pair(networks_parameters):
    return networks.build_pair(networks_parameters, (8, 8, 1), COUNTS)


@pytest.fixture
def shown_labels(pair, images, training_parameters, monkeypatch):
    """Which labels the discriminator is shown in one step on four images of class 1, call by call."""
    calls = []
    shown = networks.conditional.shown
    monkeypatch.setattr("ganflow.training.step.shown", lambda images, labels: calls.append(labels) or shown(images, labels))
    state = create_state(*pair, training_parameters)
    from ganflow.losses.adversarial import LOSSES

    step = TrainingStep(state, LOSSES["logistic"], training_parameters)
    step.update_both(Batch(tf.constant(images[:4]), tf.constant([1, 1, 1, 1], tf.int64)), tf.constant(0))
    return [labels.numpy() for labels in calls]


def test_real_images_are_shown_with_their_classes_and_fakes_with_those_that_were_asked_for(shown_labels):
    real, fake, again = shown_labels
    np.testing.assert_array_equal(real, [1, 1, 1, 1])
    # the same fakes, for the discriminator and for the generator
    np.testing.assert_array_equal(fake, again)
    assert set(fake) <= {0, 1}


def test_the_weights_of_classes_learn(pair, images, training_parameters):
    labels = np.repeat([0, 1], COUNTS)
    first, *_, last = train(ImageSet(images, labels, ("a", "b")), *pair, training_parameters)
    for name in ("discriminator/class_logits/kernel", "generator/projection/kernel"):
        assert not np.array_equal(first.arrays[name], last.arrays[name]), name


def test_which_class_an_image_is_of_decides_what_is_learnt(pair, images, training_parameters):
    labels = np.repeat([0, 1], COUNTS)
    *_, one = train(ImageSet(images, labels, ("a", "b")), *pair, training_parameters)
    *_, other = train(ImageSet(images, labels[::-1].copy(), ("a", "b")), *pair, training_parameters)
    assert not np.array_equal(one.arrays["discriminator/class_logits/kernel"], other.arrays["discriminator/class_logits/kernel"])


def test_a_sheet_of_a_run_has_a_row_for_each_class(pair, images, training_parameters):
    first, *_ = train(ImageSet(images, np.repeat([0, 1], COUNTS), ("a", "b")), *pair, training_parameters)
    # two classes, two columns
    assert first.samples.shape == (4, 8, 8, 1)
