"""How long a training is going to take on this machine, and how much disk, before it has begun."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from ganflow.config.training import TrainingParameters
from ganflow.networks import Architecture, instantiate
from ganflow.networks.cost import count_operations
from ganflow.reporting.words import duration, storage

NUM_KEPT = 5
"""Checkpoints of a run that are on disk at most, the newest and the best together, as the catalog has it."""

_RATIO = 1.4
"""Operations a second of a step to those of a product of matrices in float32, on a processor with bfloat16. In all presets but `classic` it
foretells 1.1 to 1.5 times the time that is taken (benchmarks/estimate.py)."""

_SIZE, _NUM_PRODUCTS = 1024, 5


@dataclass(frozen=True)
class Estimate:
    """Of a training, from its beginning.

    Attributes:
        seconds: about; None where there is an accelerator, of which nothing is known.
        disk: bytes of its checkpoints.
    """

    seconds: float | None
    disk: int


def estimate(generator: Architecture, discriminator: Architecture, parameters: TrainingParameters) -> Estimate:
    """From what the networks compute and how fast the machine is; within a factor of two, where nothing else keeps it busy.

    Where wide maps are convolved by Fourier coefficients, as in `classic`, it is three times the time that is taken.
    """
    maker, judge = instantiate(generator), instantiate(discriminator)
    disk = NUM_KEPT * _checkpoint_size(maker, judge)
    if tf.config.list_physical_devices("GPU"):
        return Estimate(None, disk)
    operations = parameters.batch_size * step_operations(count_operations(maker), count_operations(judge), parameters)
    return Estimate(parameters.num_steps * operations / (_RATIO * _matrix_rate()), disk)


def foretell(foreseen: Estimate, num_steps: int, free: int) -> str:
    """A sentence for a person, before training.

    Args:
        foreseen: of the training.
        num_steps: of the training.
        free: bytes of disk that are free.
    """
    time_taken = "" if foreseen.seconds is None else f"{num_steps} steps take about {duration(foreseen.seconds)} here. "
    disk = f"Checkpoints take {storage(foreseen.disk)} of disk, of which {storage(free)} are free."
    return time_taken + disk + (" Make room." if foreseen.disk > free / 2 else "")


def step_operations(generator: int, discriminator: int, parameters: TrainingParameters) -> float:
    """Operations for each real image of a step, on average over many.

    A pass back costs two forwards, one for the weights and one for what comes in; a penalty on the slope goes back to the images and then
    through both ways once more, six in place of three.

    Args:
        generator: operations of one pass forwards.
        discriminator: the same.
        parameters: of training.
    """
    often = (bool(parameters.r1_weight) + bool(parameters.r2_weight)) / parameters.r1_every
    slopes = often + 2 * (parameters.gradient_penalty is not None)
    fakes = 0 if parameters.share_fakes else generator
    update = (6 + 3 * slopes) * discriminator + fakes
    # the generator's update goes through the discriminator to the images, and needs none of its weights
    return parameters.discriminator_steps * update + 2 * discriminator + 3 * generator


@functools.cache
def _matrix_rate() -> float:
    """Floating-point operations a second of a product of matrices in float32, the best of some."""
    matrix = np.ones((_SIZE, _SIZE), np.float32)
    best = math.inf
    for _ in range(_NUM_PRODUCTS):
        started = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - started)
    return 2 * _SIZE**3 / best


def _checkpoint_size(generator: keras.Model, discriminator: keras.Model) -> int:
    """Bytes: two generators, one discriminator, and for both two moments of every weight, all float32."""
    return 4 * (4 * generator.count_params() + 3 * discriminator.count_params())
