"""Precision and compilation follow the wish and the machine."""

import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks
from ganflow.data.images import ImageSet
from ganflow.errors import ConfigurationError
from ganflow.losses.adversarial import LOSSES
from ganflow.networks import fourier
from ganflow.runtime import devices
from ganflow.runtime.devices import choices, choose_convolution, choose_distribution, choose_jit, choose_precision, settle
from ganflow.training.feeding import Batch
from ganflow.training.loop import train
from ganflow.training.state import create_state
from ganflow.training.step import METRICS, TrainingStep

WITH = frozenset({"avx2", "avx512_bf16"})
WITHOUT = frozenset({"avx2"})


@pytest.mark.parametrize(
    ("wish", "flags", "choice"),
    [("float32", WITH, "float32"), ("bfloat16", WITH, "bfloat16"), ("auto", WITH, "bfloat16"), ("auto", WITHOUT, "float32")],
)
def test_precision_follows_the_processor(monkeypatch, wish, flags, choice):
    monkeypatch.setattr(devices, "_processor_flags", lambda: flags)
    assert choose_precision(wish).value == choice


def test_bfloat16_is_refused_where_it_would_be_emulated(monkeypatch):
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITHOUT)
    with pytest.raises(ConfigurationError, match=r"neither AVX512-BF16 nor AMX.*'auto' or 'float32'"):
        choose_precision("bfloat16")


def test_settling_leaves_nothing_to_choose_and_gives_reasons(monkeypatch, training_parameters):
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITH)
    settled = settle(training_parameters)
    assert "auto" not in (settled.precision, settled.convolution, settled.jit)
    assert settle(settled) == settled
    assert choices(training_parameters)["precision"].reason == "the processor has avx512_bf16"


@pytest.mark.parametrize(
    ("content", "flags"), [("processor: 0\nflags\t\t: fpu amx_bf16\nflags\t: other\n", {"fpu", "amx_bf16"}), ("", set())]
)
def test_flags_are_read_from_the_first_processor(tmp_path, content, flags):
    (tmp_path / "cpuinfo").write_text(content)
    assert devices._processor_flags(tmp_path / "cpuinfo") == flags
    assert devices._processor_flags(tmp_path / "missing") == frozenset()


@pytest.mark.parametrize(
    ("wish", "gpus", "choice"),
    [("on", [], "on"), ("off", ["GPU:0"], "off"), ("auto", [], "off"), ("auto", ["GPU:0"], "on")],
)
def test_jit_follows_wish_and_device(monkeypatch, wish, gpus, choice):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: gpus)
    assert choose_jit(wish).value == choice


@pytest.mark.parametrize(("num_gpus", "choice"), [(0, "single"), (1, "single"), (2, "mirrored")])
def test_distribution_follows_the_number_of_gpus(monkeypatch, num_gpus, choice):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [f"GPU:{number}" for number in range(num_gpus)])
    assert choose_distribution("auto").value == choice


@pytest.mark.parametrize(("capability", "choice"), [((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_precision_follows_the_gpu_and_not_the_processor_beside_it(monkeypatch, capability, choice):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["GPU:0"])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: {"compute_capability": capability})
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITHOUT if choice == "bfloat16" else WITH)
    found = choose_precision("auto")
    assert (found.value, f"{capability[0]}.{capability[1]}" in found.reason) == (choice, True)


@pytest.mark.parametrize(
    ("wish", "gpus", "choice"),
    [("auto", [], "fourier"), ("auto", ["GPU:0"], "direct"), ("direct", [], "direct"), ("fourier", ["GPU:0"], "fourier")],
)
def test_convolution_follows_wish_and_device(monkeypatch, wish, gpus, choice):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: gpus)
    assert choose_convolution(wish).value == choice


@pytest.fixture(scope="module")
def many_images() -> np.ndarray:
    """As many as are worth the transform of a kernel."""
    return np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def of_many(training_parameters):
    changes = {"batch_size": 64, "num_steps": 2, "interval": 1, "precision": "float32", "jit": "off", "convolution": "fourier"}
    return training_parameters.model_copy(update=changes)


@pytest.fixture(scope="module")
def by_coefficients(many_images, wide, of_many):
    """The reports of a run in the plain graph, of steps 0, 1 and 2."""
    return tuple(train(ImageSet(many_images), *wide, of_many))


def test_wide_networks_do_use_fourier_coefficients(wide, of_many):
    assert fourier.is_cheaper((64, 2, 2, 48), 5, 4 * 48, num_taps=3)
    assert fourier.is_cheaper((64, 4, 4, 48), 5, 48)
    state = create_state(*wide, of_many)
    for generator in (state.generator, state.average_generator):
        assert {layer.method for layer in generator.layers if hasattr(layer, "method")} == {"fourier"}


def check_same_step(one, other):
    for name in ("discriminator_loss", "generator_loss", "penalty", "generator_gradient_norm"):
        assert one.history[name] == pytest.approx(other.history[name], rel=1e-4), name
    assert one.arrays.keys() == other.arrays.keys()


def test_both_convolutions_take_the_same_steps(many_images, wide, of_many, by_coefficients):
    _, directly = train(ImageSet(many_images), *wide, of_many.model_copy(update={"convolution": "direct", "num_steps": 1}))
    check_same_step(by_coefficients[1], directly)


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_both_convolutions_take_the_same_steps")
def test_both_convolutions_take_the_same_steps_where_xla_compiles(many_images, wide, of_many):
    compiled = of_many.model_copy(update={"num_steps": 1, "jit": "on"})
    ends = [
        list(train(ImageSet(many_images), *wide, compiled.model_copy(update={"convolution": method})))[-1]
        for method in ("direct", "fourier")
    ]
    check_same_step(*ends)


def check_resumed(whole, *arguments):
    """The step after the report before the last once more."""
    *_, last = train(*arguments, resume_from=whole[-2].arrays)
    for name, array in whole[-1].arrays.items():
        np.testing.assert_array_equal(array, last.arrays[name], err_msg=name)
    assert any(not np.array_equal(array, last.arrays[name]) for name, array in whole[-2].arrays.items() if name.endswith("kernel"))


def test_fourier_coefficients_resume_exactly(many_images, wide, of_many, by_coefficients):
    check_resumed(by_coefficients, ImageSet(many_images), *wide, of_many)


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_fourier_coefficients_resume_exactly")
def test_fourier_coefficients_in_bfloat16_resume_exactly(monkeypatch, many_images, wide, of_many):
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITH)
    parameters = of_many.model_copy(update={"precision": "bfloat16"})
    check_resumed(list(train(ImageSet(many_images), *wide, parameters)), ImageSet(many_images), *wide, parameters)


def test_the_method_is_part_of_what_a_run_is(training_parameters):
    settled = {
        wish: settle(training_parameters.model_copy(update={"convolution": wish})).identity() for wish in ("auto", "direct", "fourier")
    }
    assert settled["direct"] != settled["fourier"]
    assert settled["auto"] in (settled["direct"], settled["fourier"])


@pytest.fixture
def in_bfloat16(monkeypatch, training_parameters):
    # slow where the processor has none, but the same numbers
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITH)
    return training_parameters.model_copy(update={"precision": "bfloat16"})


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32(architectures, in_bfloat16):
    state = create_state(*architectures, in_bfloat16)
    assert {layer.compute_dtype for layer in state.generator.layers if layer.weights} == {"bfloat16"}
    floats = {str(np.asarray(array).dtype) for array in state.arrays().values()}
    assert floats <= {"float32", "int64", "int32", "uint32"}
    for model in (state.generator, state.discriminator):
        assert model.output.dtype == "float32"
    assert {layer.compute_dtype for layer in state.average_generator.layers} == {"float32"}


def first_measurements(images, architectures, parameters):
    # one step: what is measured comes before any weight has moved
    step = TrainingStep(create_state(*architectures, parameters), LOSSES["logistic"], parameters)
    return dict(zip(METRICS, step.update_both(Batch(tf.constant(images[:4])), tf.constant(0)).numpy().tolist(), strict=True))


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_resumed_run_is_bit_identical")
def test_mixed_precision_resumes_exactly(images, architectures, in_bfloat16):
    check_resumed(list(train(ImageSet(images), *architectures, in_bfloat16)), ImageSet(images), *architectures, in_bfloat16)


def test_mixed_precision_is_float32_but_for_rounding(images, without_dropout, in_bfloat16):
    rounded = first_measurements(images, without_dropout, in_bfloat16)
    exact = first_measurements(images, without_dropout, in_bfloat16.model_copy(update={"precision": "float32"}))
    assert rounded != exact
    for name in ("discriminator_loss", "generator_loss", "penalty"):
        # bfloat16 has 8 digits: a part in 256
        assert rounded[name] == pytest.approx(exact[name], rel=0.02), name


@pytest.fixture(scope="module")
def small(networks_parameters):
    """Architectures of few layers, for 8 × 8 pixels; XLA takes most of a second for each."""
    parts = networks_parameters.model_dump()
    parts["generator"] |= {"stages": [{"width": 2}, {"width": 2, "kernel_size": 3, "double": True}], "dropout": 0.0}
    parts["discriminator"] |= {"stages": [{"width": 2, "kernel_size": 3, "halve": True}], "dropout": 0.0}
    return networks.build_pair(type(networks_parameters).model_validate(parts), (8, 8, 1))


@pytest.fixture(scope="module")
def steps_in_float32(training_parameters):
    """Parameters of four steps in the plain loop, two at a time.

    Epsilon keeps Adam from turning the rounding of small gradients into whole steps: an error of a gradient moves a weight by
    learning rate / epsilon = 1/100 of it.
    """
    optimizer = training_parameters.generator_optimizer.model_copy(update={"epsilon": 0.1})
    changes = {"generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    return training_parameters.model_copy(update=changes | {"precision": "float32", "jit": "off", "num_steps": 4, "interval": 2})


@pytest.fixture(scope="module")
def small_steps(steps_in_float32):
    return steps_in_float32.model_copy(update={"batch_size": 2, "r1_weight": 0.0})


@pytest.fixture(scope="module")
def compiled(images, small, small_steps):
    """The reports of a run whose loop XLA compiles, of steps 0, 2 and 4."""
    return tuple(train(ImageSet(images), *small, small_steps.model_copy(update={"jit": "on"})))


def check_same_numbers(compiled, plain, tolerance):
    """All that is measured and all weights; and every kernel has moved by more than three times the tolerance."""
    for one, other in zip(compiled, plain, strict=True):
        for name in METRICS if other.history else ():
            assert one.history[name] == pytest.approx(other.history[name], rel=10 * tolerance, abs=tolerance), name
        for name, array in other.arrays.items():
            np.testing.assert_allclose(one.arrays[name], array, rtol=10 * tolerance, atol=tolerance, err_msg=name)
    kernels = [name for name in plain[0].arrays if name.endswith("kernel")]
    assert all(np.abs(plain[-1].arrays[name] - plain[0].arrays[name]).max() > 3 * tolerance for name in kernels)


# float32 rounds by 2⁻²⁴ = 6·10⁻⁸ of a number, and XLA adds in another order. A gradient here is a sum of some 2 · 16 · 9 · 2 = 600 terms:
# about √600 · 6·10⁻⁸ = 1.5·10⁻⁶ of it, of which a weight gets 1/100 in a step; the weights and running statistics themselves, of about 1,
# are rounded to 6·10⁻⁸ four times
ROUNDING = 2e-6


def test_the_loop_that_xla_compiles_gives_the_numbers_of_the_plain_loop(images, small, small_steps, compiled):
    check_same_numbers(compiled, list(train(ImageSet(images), *small, small_steps)), ROUNDING)


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_resumed_run_is_bit_identical")
def test_a_run_that_xla_compiles_is_resumed_exactly(images, small, small_steps, compiled):
    check_resumed(compiled, ImageSet(images), *small, small_steps.model_copy(update={"jit": "on"}))


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_the_loop_that_xla_compiles_gives_the_numbers_of_the_plain_loop")
@pytest.mark.parametrize("device_data_mib", [0, 1])
def test_xla_gives_the_numbers_of_the_plain_loop_for_several_updates_and_a_penalty(
    images, without_dropout, steps_in_float32, device_data_mib
):
    # for 0 it compiles the updates alone, for 1 the loop over them too
    parameters = steps_in_float32.model_copy(update={"discriminator_steps": 2, "device_data_mib": device_data_mib})
    ends = [list(train(ImageSet(images), *without_dropout, parameters.model_copy(update={"jit": jit}))) for jit in ("on", "off")]
    # sums of up to 4 · 64 · 9 · 5 = 11,520 terms, √20 times as inexact as those above
    check_same_numbers(*ends, 5 * ROUNDING)


@pytest.mark.longer(twin="tests/unit/training/test_loop.py::test_a_resumed_run_is_bit_identical")
@pytest.mark.parametrize("device_data_mib", [0, 1])
def test_a_run_with_every_kind_of_layer_that_xla_compiles_is_resumed_exactly(images, architectures, training_parameters, device_data_mib):
    # XLA compiles for every number of steps in an interval, so there is one
    changes = {"precision": "float32", "jit": "on", "device_data_mib": device_data_mib, "num_steps": 2, "interval": 1}
    parameters = training_parameters.model_copy(update=changes)
    check_resumed(list(train(ImageSet(images), *architectures, parameters)), ImageSet(images), *architectures, parameters)


def test_architectures_are_the_same_whatever_the_precision(architectures):
    model = networks.instantiate(architectures[0], seed=0, precision="bfloat16")
    assert [weight.path for weight in model.weights] == [weight.path for weight in networks.instantiate(architectures[0], seed=0).weights]
    assert {weight.dtype for weight in model.weights} == {"float32"}
