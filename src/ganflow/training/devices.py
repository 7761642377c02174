"""What the machine can do, and what training therefore uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from ganflow.config import TrainingParameters
from ganflow.errors import ConfigurationError

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
    return {"precision": choose_precision(parameters.precision), "jit": choose_jit(parameters.jit)}


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


def choose_jit(wish: str) -> Choice:
    """Settle whether XLA compiles the step: `on`, `off`, or `auto` for accelerators only.

    On CPUs the plain graph, with oneDNN's convolutions, is 2 to 4 times as fast as XLA's.
    """
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
