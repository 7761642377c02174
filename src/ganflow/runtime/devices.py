"""What the machine can do, and what training therefore uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.errors import ConfigurationError
from ganflow.runtime.cluster import ALONE, EXAMPLE, membership
from ganflow.runtime.distribution import num_replicas

BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
# Ampere; earlier ones emulate it
BFLOAT16_COMPUTE_CAPABILITY = (8, 0)


@dataclass(frozen=True)
class Choice:
    """What a parameter comes to on this machine, and why."""

    value: str
    reason: str


def settle(parameters: TrainingParameters) -> TrainingParameters:
    """Replace every `auto` by what it means on this machine.

    Raises:
        ConfigurationError: if the machine cannot do what is asked for.
    """
    return parameters.model_copy(update={name: choice.value for name, choice in choices(parameters).items()})


def choices(parameters: TrainingParameters) -> dict[str, Choice]:
    """What the parameters that depend on the machine come to on this one.

    Raises:
        ConfigurationError: if the machine cannot do what is asked for.
    """
    distribution = choose_distribution(parameters.distribution)
    replicas = num_replicas(distribution.value)
    if parameters.batch_size % replicas:
        raise ConfigurationError(
            f"training.batch_size = {parameters.batch_size} cannot be shared by {replicas} replicas ({distribution.value}). "
            f"Set it to a multiple of {replicas}, or "
            + ("start fewer workers." if distribution.value == "multi_worker" else "training.distribution to single.")
        )
    return {
        "distribution": distribution,
        "precision": choose_precision(parameters.precision),
        "convolution": choose_convolution(parameters.convolution),
        "jit": choose_jit(parameters.jit, replicas),
    }


def choose_distribution(wish: str) -> Choice:
    """Settle `auto`, and refuse what contradicts TF_CONFIG.

    Args:
        wish: `auto`, `single`, `mirrored` or `multi_worker`.

    Raises:
        ConfigurationError: if TF_CONFIG is malformed, names workers that the wish has no use for, or is missing.
    """
    place = membership()
    if wish in ("single", "mirrored") and place.num_workers > 1:
        raise ConfigurationError(
            f"training.distribution is '{wish}', but TF_CONFIG names {place.num_workers} workers. Set it to 'auto' or 'multi_worker', "
            "or unset TF_CONFIG."
        )
    if wish == "multi_worker" and place is ALONE:
        raise ConfigurationError(
            f"training.distribution is 'multi_worker', but TF_CONFIG is not set. Set it for every worker, to something like {EXAMPLE}, "
            "or set training.distribution to 'auto'."
        )
    if wish != "auto":
        return Choice(wish, "as asked for")
    if place.num_workers > 1:
        return Choice("multi_worker", f"{place.name} of {place.num_workers}")
    gpus = tf.config.list_physical_devices("GPU")
    return Choice("mirrored", f"there are {len(gpus)} GPUs") if len(gpus) > 1 else Choice("single", "there is one device")


def choose_precision(wish: str) -> Choice:
    """Settle `auto`, and refuse what the machine cannot do.

    Args:
        wish: `auto`, `float32` or `bfloat16`.

    Returns:
        `float32` or `bfloat16`.

    Raises:
        ConfigurationError: if bfloat16 is asked for where it would be emulated.
    """
    if wish == "float32":
        return Choice(wish, "as asked for")
    has_bfloat16, reason = _bfloat16_support()
    if wish == "bfloat16" and not has_bfloat16:
        raise ConfigurationError(f"training.precision is 'bfloat16', but {reason}. Set it to 'auto' or 'float32'.")
    return Choice("bfloat16" if has_bfloat16 else "float32", reason)


def choose_convolution(wish: str) -> Choice:
    """Settle how the generator convolves: `direct`, `fourier`, or `auto` for `fourier` where there is no accelerator."""
    if wish != "auto":
        return Choice(wish, "as asked for")
    if tf.config.list_physical_devices("GPU"):
        return Choice("direct", "a GPU has convolutions of its own")
    return Choice("fourier", "on a processor fewer multiplications are faster")


def choose_jit(wish: str, replicas: int = 1) -> Choice:
    """Settle whether XLA compiles the step: `on`, `off`, or `auto` for a single accelerator only.

    On CPUs the plain graph, with oneDNN's convolutions, is 2 to 4 times as fast as XLA's. Replicas exchange gradients in the middle of
    a step, which TensorFlow does not compile.

    Raises:
        ConfigurationError: if it is asked for with several replicas.
    """
    if replicas > 1 and wish != "off":
        if wish == "on":
            raise ConfigurationError(
                f"training.jit is 'on', but {replicas} replicas exchange gradients within a step, which cannot be compiled. "
                "Set training.jit to 'auto', or training.distribution to 'single'."
            )
        return Choice("off", f"{replicas} replicas exchange gradients within a step")
    if wish != "auto":
        return Choice(wish, "as asked for")
    if tf.config.list_physical_devices("GPU"):
        return Choice("on", "there is a GPU")
    return Choice("off", "the plain graph is faster on a CPU")


def _bfloat16_support() -> tuple[bool, str]:
    """Whether convolutions in bfloat16 run at their own speed here, and why."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        return capability >= BFLOAT16_COMPUTE_CAPABILITY, f"the GPU has compute capability {capability[0]}.{capability[1]}"
    found = sorted(BFLOAT16_FLAGS & _processor_flags())
    return bool(found), f"the processor has {', '.join(found)}" if found else "the processor has neither AVX512-BF16 nor AMX"


def _processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Flags of the first processor as Linux names them; none on other systems."""
    if not cpuinfo.exists():
        return frozenset()
    lines = (line for line in cpuinfo.read_text().splitlines() if line.startswith("flags"))
    return frozenset(next(lines, "").partition(":")[2].split())
