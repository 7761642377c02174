"""Clips go through the same step and loop as images do."""

import numpy as np
import pytest

from ganflow import networks
from ganflow.config.training import AugmentationParameters
from ganflow.data.images import ImageSet
from ganflow.training.loop import train

SHAPE = (4, 8, 8, 1)


@pytest.fixture(scope="module")
def clips():
    return np.random.default_rng(0).integers(0, 256, (12, *SHAPE), dtype=np.uint8)


def labelled(clips, is_labelled):
    return ImageSet(clips, np.arange(len(clips)) % 2, ("a", "b")) if is_labelled else ImageSet(clips)


@pytest.mark.parametrize("is_labelled", [True, False])
def test_a_resumed_run_of_clips_is_bit_identical(two_streams, training_parameters, clips, is_labelled):
    pair = networks.build_pair(two_streams, SHAPE, [6, 6] if is_labelled else ())
    parameters = training_parameters.model_copy(
        update={
            "num_steps": 4,
            "interval": 2,
            "share_fakes": is_labelled,
            "augmentation": AugmentationParameters(translation=0.2, cutout=0.5),
        }
    )
    first, middle, last = train(labelled(clips, is_labelled), *pair, parameters)
    assert first.samples.shape == (4, *SHAPE)
    *_, resumed = train(labelled(clips, is_labelled), *pair, parameters, resume_from=middle.arrays)
    assert (middle.step, last.step, resumed.step) == (2, 4, 4)
    for name, array in last.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array, err_msg=name)
    np.testing.assert_array_equal(resumed.samples, last.samples)
    for name in ("projection/kernel", "background_projection/kernel", "output_convolution/kernel", "background_output_convolution/kernel"):
        assert not np.array_equal(first.arrays[f"generator/{name}"], last.arrays[f"generator/{name}"]), name


def mask_bias_after(two_streams, training_parameters, clips, penalty, **changes):
    """Bias of the mask after some steps, where a large rate shows which way it goes; and the generator's loss in the first."""
    parts = two_streams.model_dump()
    parts["generator"]["mask_penalty"] = penalty
    pair = networks.build_pair(type(two_streams).model_validate(parts), SHAPE)
    parameters = training_parameters.model_copy(update={"num_steps": 3, "interval": 1, "precision": "float32"} | changes)
    _, first, *_, last = train(ImageSet(clips), *pair, parameters)
    return last.arrays["generator/output_convolution/bias"][-1], first.history["generator_loss"]


@pytest.mark.parametrize("share_fakes", [True, False])
def test_a_heavy_penalty_closes_the_mask_and_is_no_part_of_the_loss_that_is_reported(two_streams, training_parameters, clips, share_fakes):
    heavy, loss = mask_bias_after(two_streams, training_parameters, clips, 1000.0, share_fakes=share_fakes)
    _, same_loss = mask_bias_after(two_streams, training_parameters, clips, 0.0, share_fakes=share_fakes)
    # Adam without momentum goes a rate of 1e-3 a step, down
    assert heavy == pytest.approx(-3e-3, rel=0.2)
    assert loss == pytest.approx(same_loss, rel=1e-5)


def test_two_replicas_take_the_steps_of_one_device_with_a_loss_of_the_generators_own(two_streams, training_parameters, clips):
    # epsilon keeps Adam from turning the rounding of tiny gradients into whole steps
    optimizer = training_parameters.generator_optimizer.model_copy(update={"epsilon": 0.1})
    changes = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer, "jit": "off"}
    one, two = (
        mask_bias_after(two_streams, training_parameters, clips, 3.0, distribution=kind, **changes) for kind in ("single", "mirrored")
    )
    free = mask_bias_after(two_streams, training_parameters, clips, 0.0, distribution="single", **changes)
    assert two == pytest.approx(one, rel=2e-3, abs=2e-7)
    assert abs(free[0] - one[0]) > 0.1 * abs(one[0])
