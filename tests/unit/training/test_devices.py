"""Precision and compilation follow the wish and the machine."""

import numpy as np
import pytest
import tensorflow as tf

from ganflow import networks
from ganflow.errors import ConfigurationError
from ganflow.losses.adversarial import LOSSES
from ganflow.networks import fourier
from ganflow.training import devices
from ganflow.training.devices import choices, choose_convolution, choose_distribution, choose_jit, choose_precision, settle
from ganflow.training.state import create_state
from ganflow.training.step import Penalties, update_discriminator, update_generator
from ganflow.training.trainer import train

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


@pytest.fixture
def many_images() -> np.ndarray:
    """As many as are worth the transform of a kernel."""
    return np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), dtype=np.uint8)


@pytest.fixture
def of_many(training_parameters):
    return training_parameters.model_copy(update={"batch_size": 64})


def test_wide_networks_do_use_fourier_coefficients(wide, of_many):
    assert fourier.is_cheaper((64, 2, 2, 48), 5, 4 * 48, num_taps=3)
    assert fourier.is_cheaper((64, 4, 4, 48), 5, 48)
    state = create_state(*wide, of_many.model_copy(update={"convolution": "fourier"}))
    for generator in (state.generator, state.average_generator):
        assert {layer.method for layer in generator.layers if hasattr(layer, "method")} == {"fourier"}


@pytest.mark.parametrize("jit", ["off", "on"])
def test_both_convolutions_take_the_same_steps(many_images, wide, of_many, jit):
    one_step = of_many.model_copy(update={"precision": "float32", "jit": jit, "num_steps": 1})
    ends = {
        method: list(train(many_images, *wide, one_step.model_copy(update={"convolution": method})))[-1] for method in ("direct", "fourier")
    }
    for name in ("discriminator_loss", "generator_loss", "penalty", "generator_gradient_norm"):
        assert ends["fourier"].history[name] == pytest.approx(ends["direct"].history[name], rel=1e-4), name
    assert ends["fourier"].arrays.keys() == ends["direct"].arrays.keys()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_fourier_coefficients_resume_exactly(monkeypatch, many_images, wide, of_many, precision):
    monkeypatch.setattr(devices, "_processor_flags", lambda: WITH)
    parameters = of_many.model_copy(update={"convolution": "fourier", "precision": precision})
    whole = list(train(many_images, *wide, parameters))
    resumed = list(train(many_images, *wide, parameters, resume_from=whole[1].arrays))
    for name, array in whole[-1].arrays.items():
        np.testing.assert_array_equal(array, resumed[-1].arrays[name], err_msg=name)


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


def first_losses(images, architectures, parameters, **changes):
    # one step: what is measured comes before any weight has moved
    _, report, *_ = train(images, *architectures, parameters.model_copy(update=changes | {"interval": 1}))
    history = report.history
    return [history[name] for name in ("discriminator_loss", "generator_loss", "penalty")]


def test_mixed_precision_resumes_exactly(images, architectures, in_bfloat16):
    whole = list(train(images, *architectures, in_bfloat16))
    resumed = list(train(images, *architectures, in_bfloat16, resume_from=whole[0].arrays))
    for name, array in whole[-1].arrays.items():
        np.testing.assert_array_equal(array, resumed[-1].arrays[name], err_msg=name)


def test_mixed_precision_is_float32_but_for_rounding(images, without_dropout, in_bfloat16):
    rounded = first_losses(images, without_dropout, in_bfloat16)
    # bfloat16 has 8 bits: a part in 256
    assert rounded == pytest.approx(first_losses(images, without_dropout, in_bfloat16, precision="float32"), rel=0.02)


def test_xla_takes_the_same_steps(without_dropout, training_parameters):
    # epsilon keeps Adam from turning the rounding of tiny gradients into whole steps
    optimizer = training_parameters.generator_optimizer.model_copy(update={"epsilon": 0.1})
    changes = {"precision": "float32", "generator_optimizer": optimizer, "discriminator_optimizer": optimizer}
    parameters = training_parameters.model_copy(update=changes)
    random = np.random.default_rng(0)
    real, latents = (tf.constant(random.uniform(0, 1, shape), tf.float32) for shape in ((8, 8, 8, 1), (8, 6)))

    def after_a_step(jit):
        state = create_state(*without_dropout, parameters)

        @tf.function(jit_compile=jit)
        def step():
            with tf.GradientTape() as tape:
                fakes = state.generator(latents, training=True)
            measured = update_discriminator(state, LOSSES["logistic"], Penalties(r1_weight=1.0), real, tf.stop_gradient(fakes))
            return *measured, *update_generator(state, LOSSES["logistic"], real, fakes, tape)

        measured = step()
        weights = state.discriminator.trainable_variables + state.generator.trainable_variables
        return [value.numpy() for value in (*measured, *weights)]

    # losses, penalty, accuracy, gradient and weights, of the same images and noise
    for compiled, plain in zip(after_a_step(jit=True), after_a_step(jit=False), strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("device_data_mib", [0, 1])
def test_a_run_that_xla_compiles_is_resumed_exactly(images, architectures, training_parameters, device_data_mib):
    # XLA compiles for every number of steps in an interval, so there is one
    changes = {"precision": "float32", "jit": "on", "device_data_mib": device_data_mib, "num_steps": 2, "interval": 1}
    compiled = training_parameters.model_copy(update=changes)
    beginning, *whole = train(images, *architectures, compiled)
    resumed = list(train(images, *architectures, compiled, resume_from=whole[0].arrays))
    for name, array in whole[-1].arrays.items():
        np.testing.assert_array_equal(array, resumed[-1].arrays[name], err_msg=name)
    assert any(not np.array_equal(array, whole[-1].arrays[name]) for name, array in beginning.arrays.items() if name.endswith("kernel"))


def test_architectures_are_the_same_whatever_the_precision(architectures):
    model = networks.instantiate(architectures[0], seed=0, precision="bfloat16")
    assert [weight.path for weight in model.weights] == [weight.path for weight in networks.instantiate(architectures[0], seed=0).weights]
    assert {weight.dtype for weight in model.weights} == {"float32"}
