"""Clips go through the same step and loop as images do."""

import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks
from ganflow.config.training import AugmentationParameters
from ganflow.data.images import ImageSet
from ganflow.losses.adversarial import LOSSES
from ganflow.training.feeding import Batch
from ganflow.training.loop import train
from ganflow.training.state import create_state
from ganflow.training.step import METRICS, TrainingStep

SHAPE = (4, 8, 8, 1)
BIAS = "generator/output_convolution/bias"
SAME = "tests/unit/training/test_training_on_clips.py::test_a_resumed_run_of_clips_is_bit_identical"


@pytest.fixture(scope="module")
def clips():
    return np.random.default_rng(0).integers(0, 256, (12, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize("is_labelled", [True, pytest.param(False, marks=pytest.mark.longer(twin=SAME))])
def test_a_resumed_run_of_clips_is_bit_identical(two_streams, training_parameters, clips, is_labelled):
    labelled = ImageSet(clips, np.arange(len(clips)) % 2, ("a", "b")) if is_labelled else ImageSet(clips)
    pair = networks.build_pair(two_streams, SHAPE, [6, 6] if is_labelled else ())
    parameters = training_parameters.model_copy(
        update={
            "num_steps": 4,
            "interval": 2,
            "share_fakes": is_labelled,
            "augmentation": AugmentationParameters(translation=0.2, cutout=0.5),
        }
    )
    first, middle, last = train(labelled, *pair, parameters)
    assert first.samples.shape == (4, *SHAPE)
    *_, resumed = train(labelled, *pair, parameters, resume_from=middle.arrays)
    assert (middle.step, last.step, resumed.step) == (2, 4, 4)
    for name, array in last.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array, err_msg=name)
    np.testing.assert_array_equal(resumed.samples, last.samples)
    for name in ("projection/kernel", "background_projection/kernel", "output_convolution/kernel", "background_output_convolution/kernel"):
        assert not np.array_equal(first.arrays[f"generator/{name}"], last.arrays[f"generator/{name}"]), name


def with_penalty(two_streams, penalty):
    parts = two_streams.model_dump()
    parts["generator"]["mask_penalty"] = penalty
    return networks.build_pair(type(two_streams).model_validate(parts), SHAPE)


@pytest.mark.parametrize("share_fakes", [True, False])
def test_a_penalty_closes_the_mask_and_is_no_part_of_the_loss_that_is_reported(two_streams, training_parameters, clips, share_fakes):
    def after_a_step(penalty):
        # its warm-up apart, Adam goes a whole rate in the first step
        adam = training_parameters.generator_optimizer.model_copy(update={"decay": None})
        changes = {"share_fakes": share_fakes, "generator_optimizer": adam, "precision": "float32"}
        parameters = training_parameters.model_copy(update=changes)
        state = create_state(*with_penalty(two_streams, penalty), parameters)
        measured = TrainingStep(state, LOSSES["logistic"], parameters).update_both(Batch(tf.constant(clips[:4])), tf.constant(0))
        bias = state.generator.get_layer("output_convolution").bias
        return float(bias[-1]), dict(zip(METRICS, measured.numpy().tolist(), strict=True))

    (closed, heavy), (_, without) = after_a_step(1000.0), after_a_step(0.0)
    assert closed == pytest.approx(-1e-3, rel=1e-3)
    for name in ("discriminator_loss", "generator_loss", "penalty"):
        assert heavy[name] == pytest.approx(without[name], rel=1e-5)
    assert heavy["generator_gradient_norm"] > 10 * without["generator_gradient_norm"]


@pytest.mark.longer(twin="tests/unit/runtime/test_distribution.py::test_two_replicas_take_the_steps_of_one_device")
def test_two_replicas_take_the_steps_of_one_device_with_a_loss_of_the_generators_own(two_streams, training_parameters, clips):
    # epsilon keeps Adam from turning the rounding of tiny gradients into whole steps
    optimizer = training_parameters.generator_optimizer.model_copy(update={"epsilon": 0.1})
    changes = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer, "jit": "off", "precision": "float32"}

    def bias_after(penalty, kind):
        parameters = training_parameters.model_copy(update=changes | {"num_steps": 2, "distribution": kind})
        *_, last = train(ImageSet(clips), *with_penalty(two_streams, penalty), parameters)
        return last.arrays[BIAS]

    one, two, free = bias_after(3.0, "single"), bias_after(3.0, "mirrored"), bias_after(0.0, "single")
    np.testing.assert_allclose(two, one, rtol=2e-3, atol=2e-7)
    assert abs(free[-1] - one[-1]) > 0.1 * abs(one[-1])
