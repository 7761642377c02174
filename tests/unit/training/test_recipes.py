"""Whatever a recipe is made of: it trains, resumes exactly, and is the same on one device and on two."""

import numpy as np
import pytest

from ganflow import networks
from ganflow.config.training import AugmentationParameters, DiscriminatorWarmup, GradientPenaltyParameters, TrainingParameters
from ganflow.data.images import ImageSet
from ganflow.training.loop import train
from ganflow.training.schedule import discriminator_schedule

AROUND = GradientPenaltyParameters(points="around", target=1.0)
WITH_CLASSES = {
    "least squares, batch normalization",
    "hinge, spectral normalization",
    "wasserstein, penalised",
    "dragan",
    "relativistic, R1 and R2",
    "augmented, R1",
}
"""Whose networks know the classes of the images."""

NUM_CLASSES = 3
RECIPES = {
    "minimax, smoothed": ({"loss": "minimax", "label_smoothing": 0.1}, {}),
    "least squares, batch normalization": ({"loss": "least_squares"}, {"normalization": "batch"}),
    "hinge, spectral normalization": ({"loss": "hinge"}, {"spectral_normalization": True}),
    "wasserstein, clipped": (
        {
            "loss": "wasserstein",
            "weight_clip": 0.05,
            "discriminator_steps": 2,
            "discriminator_warmup": DiscriminatorWarmup(num_steps=2, every=5, discriminator_steps=4),
            "share_fakes": False,
        },
        {"normalization": "batch"},
    ),
    "wasserstein, penalised": (
        {"loss": "wasserstein", "gradient_penalty": GradientPenaltyParameters(), "discriminator_steps": 3},
        {"normalization": "layer"},
    ),
    "dragan": ({"loss": "logistic", "gradient_penalty": AROUND}, {}),
    "relativistic, R1 and R2": ({"loss": "relativistic", "r1_weight": 0.5, "r2_weight": 0.5, "r1_every": 1}, {}),
    "augmented, R1": ({"loss": "logistic", "r1_weight": 1.0, "r1_every": 4, "augmentation": AugmentationParameters()}, {}),
}


@pytest.fixture(params=RECIPES)
def recipe(request, networks_parameters, training_parameters):
    """Architectures and parameters."""
    training, discriminator = RECIPES[request.param]
    parts = networks_parameters.model_dump()
    # what a recipe changes is in the discriminator, and in both networks' updates
    parts["generator"] |= {"stages": [{"width": 4}, {"width": 3, "kernel_size": 3, "double": True}], "dropout": 0.0}
    parts["discriminator"] |= {"dropout": 0.0} | discriminator
    changes = {"r1_weight": 0.0, "precision": "float32", "jit": "off", "distribution": "single"} | training
    changed = TrainingParameters.model_validate(training_parameters.model_dump() | {name: _plain(value) for name, value in changes.items()})
    counts = [8] * NUM_CLASSES if request.param in WITH_CLASSES else ()
    return networks.build_pair(type(networks_parameters).model_validate(parts), (8, 8, 1), counts), changed


def labelled(images):
    return ImageSet(images, np.arange(len(images)) % NUM_CLASSES, ("a", "b", "c"))


def of_recipes(*fast, longer):
    """Parametrize over all recipes, of which these are of the fast tier and stand for the others, which get the mark."""
    names = [name if name in fast else pytest.param(name, marks=longer) for name in RECIPES]
    return pytest.mark.parametrize("recipe", names, indirect=True)


def _plain(value):
    return value.model_dump() if hasattr(value, "model_dump") else value


@of_recipes(
    "hinge, spectral normalization",
    "wasserstein, clipped",
    "augmented, R1",
    longer=pytest.mark.longer(twin="tests/unit/training/test_recipes.py::test_it_learns_keeps_its_bounds_and_resumes_exactly"),
)
def test_it_learns_keeps_its_bounds_and_resumes_exactly(images, recipe, tmp_path, monkeypatch):
    architectures, parameters = recipe
    first, second, *_, last = train(labelled(images), *architectures, parameters)
    assert (first.step, second.step, last.step) == (0, 3, 8)
    for role in ("generator", "discriminator", "average_generator"):
        kernels = [name for name in last.arrays if name.startswith(f"{role}/") and name.endswith("kernel")]
        assert kernels
        assert all(not np.array_equal(first.arrays[name], last.arrays[name]) for name in kernels)
    if parameters.weight_clip is not None:
        weights = [array for name, array in last.arrays.items() if name.startswith("discriminator/") and "moving" not in name]
        assert max(np.abs(array).max() for array in weights if array.dtype == np.float32) <= parameters.weight_clip + 1e-6
    assert (second.history["penalty"] > 0) == bool(parameters.r1_weight or parameters.gradient_penalty)
    # in the last two of eight steps none is due, where it is every fourth
    if parameters.r1_weight:
        assert (last.history["penalty"] > 0) == (parameters.r1_every == 1)
    # the second half again, from a file this time
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    monkeypatch.setattr("ganflow.training.feeding.feed_from_device", None)
    *_, resumed = train(labelled(mapped), *architectures, parameters.model_copy(update={"device_data_mib": 0}), second.arrays)
    assert last.arrays.keys() == resumed.arrays.keys()
    for name, array in last.arrays.items():
        np.testing.assert_array_equal(array, resumed.arrays[name], err_msg=name)
    seen = int(discriminator_schedule(parameters).before(8)) * parameters.batch_size
    assert last.history["images_seen"] == resumed.history["images_seen"] == seen


def last_report(images, recipe, **changes):
    architectures, parameters = recipe
    *_, last = train(labelled(images), *architectures, parameters.model_copy(update={"num_steps": 2} | changes))
    assert last.step == 2
    return last


@pytest.mark.longer(twin="tests/unit/runtime/test_distribution.py::test_two_replicas_take_the_steps_of_one_device")
def test_two_replicas_take_the_steps_of_one_device(images, recipe):
    # Adam turns the rounding of small gradients into whole steps, unless epsilon is large
    optimizer = recipe[1].generator_optimizer.model_copy(update={"epsilon": 0.1})
    optimizers = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    one, two = (last_report(images, recipe, distribution=kind, **optimizers) for kind in ("single", "mirrored"))
    for name, array in one.arrays.items():
        np.testing.assert_allclose(two.arrays[name], array, rtol=5e-3, atol=1e-4, err_msg=name)


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_mixed_precision_is_float32_but_for_rounding")
def test_it_stays_finite_in_mixed_precision_across_replicas(images, recipe, monkeypatch):
    # slow where the processor has no bfloat16, but the same numbers
    monkeypatch.setattr("ganflow.runtime.devices._processor_flags", lambda: frozenset({"avx512_bf16"}))
    last_report(images, recipe, precision="bfloat16", distribution="mirrored")


# XLA takes longer to compile one of them than all else here
@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_the_loop_that_xla_compiles_gives_the_numbers_of_the_plain_loop")
# second derivatives, and steps whose number of updates the device has to work out
@pytest.mark.parametrize(
    "recipe", ["wasserstein, penalised", "relativistic, R1 and R2", "augmented, R1", "wasserstein, clipped"], indirect=True
)
def test_xla_compiles_it(images, recipe):
    last_report(images, recipe, jit="on")
