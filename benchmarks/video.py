"""How many clips a second the preset `video` trains, beside the same networks and losses in plain Keras.

Contestants, in turn, over several rounds:

    plain        one `tf.function` step called from Python, in float32: UpSampling3D and Conv3D of the same kernels, Keras's batch
                 normalization, new fakes for each update
    transposed   this project, its rows doubling by transposed convolutions of 4 × 4 × 4, in float32
    float32      this project, in float32
    allowed      this project as the preset is: bfloat16 where the processor has it

    python benchmarks/video.py [--rounds 5] [--seconds 10] [--json FILE]
"""

import argparse
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import find_loss
from ganflow.networks import build_pair
from ganflow.networks.tables import discriminator_table, generator_table, reduction
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch, feed_from_device
from ganflow.training.loop import compile_steps
from ganflow.training.state import create_state
from ganflow.training.step import TrainingStep
from presets import altered, read_preset
from speed import in_turn

SHAPE = (16, 32, 32, 1)
CLIPS = np.random.default_rng(0).integers(0, 256, (2000, *SHAPE), dtype=np.uint8)
STEPS_PER_CALL = 4


def plain_stream(latent: keras.KerasTensor, parameters: NetworksParameters, shape: tuple[int, ...]) -> keras.KerasTensor:
    """One stream as tutorials write it, in two axes or in three."""
    upsampling, convolution = (layers.UpSampling3D, layers.Conv3D) if len(shape) == 4 else (layers.UpSampling2D, layers.Conv2D)
    first, *rest = table = generator_table(parameters.generator, SHAPE)
    momentum = parameters.generator.batch_normalization_momentum
    sides = [side // reduction(table, parameters.generator) for side in shape[:-1]]
    hidden = layers.Dense(int(np.prod(sides)) * first.width, use_bias=False)(latent)
    hidden = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(hidden))
    hidden = layers.Reshape((*sides, first.width))(hidden)
    for stage in rest:
        hidden = upsampling()(hidden) if stage.double else hidden
        hidden = convolution(stage.width, stage.kernel_size, padding="same", use_bias=False)(hidden)
        hidden = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(hidden))
    return convolution(shape[-1], parameters.generator.output_kernel_size, padding="same")(upsampling()(hidden))


def plain_generator(parameters: NetworksParameters) -> keras.Model:
    """Both streams: noise to a clip and its mask."""
    noise = keras.Input((parameters.latent.dimension,))
    moving = plain_stream(noise, parameters, (*SHAPE[:-1], SHAPE[-1] + 1))
    still = layers.Reshape((1, *SHAPE[1:]))(plain_stream(noise, parameters, SHAPE[1:]))
    foreground, mask = (layers.Activation("sigmoid")(part) for part in (moving[..., :-1], moving[..., -1:]))
    return keras.Model(noise, [mask * foreground + (1.0 - mask) * layers.Activation("sigmoid")(still), mask])


def plain_discriminator(parameters: NetworksParameters) -> keras.Sequential:
    """The discriminator as tutorials write it."""
    model = keras.Sequential([keras.Input(SHAPE)])
    for stage in discriminator_table(parameters.discriminator, SHAPE):
        model.add(layers.Conv3D(stage.width, stage.kernel_size, strides=1 + stage.halve, padding="same"))
        model.add(layers.LeakyReLU(negative_slope=parameters.discriminator.leaky_slope))
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    return model


class PlainStep:
    """One compiled step, called from Python for every batch of a `tf.data` pipeline: the preset's losses, written plainly."""

    def __init__(self, parameters: NetworksParameters, training: TrainingParameters) -> None:
        self.parameters, self.training = parameters, training
        self.generator, self.discriminator = plain_generator(parameters), plain_discriminator(parameters)
        wanted = training.generator_optimizer
        self.optimizers = [keras.optimizers.Adam(wanted.learning_rate, wanted.beta_1, wanted.beta_2) for _ in range(2)]
        whole = tf.data.Dataset.from_tensor_slices(CLIPS.astype(np.float32) / 255)
        self.batches = iter(whole.shuffle(len(CLIPS)).repeat().batch(training.batch_size).prefetch(2))
        self.updates = {
            penalised: tf.function(self.update).get_concrete_function(next(self.batches), penalised) for penalised in (True, False)
        }
        self.number = 0

    def __call__(self) -> int:
        """As many steps as this project takes in one call."""
        for _ in range(STEPS_PER_CALL):
            self.updates[self.number % self.training.r1_every == 0](next(self.batches))
            self.number += 1
        return STEPS_PER_CALL * self.training.batch_size

    def update(self, real: tf.Tensor, penalised: bool) -> None:
        """Update the discriminator, with R1 or without, then the generator."""
        fake, _ = self.generator(self._noise(), training=True)
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(tf.nn.softplus(self.discriminator(fake)))
            if penalised:
                with tf.GradientTape() as inner:
                    inner.watch(real)
                    logits = self.discriminator(real)
                slopes = inner.gradient(logits, real)
                value += 0.5 * self.training.r1_every * self.training.r1_weight * tf.reduce_sum(tf.square(slopes)) / len(real)
            else:
                logits = self.discriminator(real)
            value += tf.reduce_mean(tf.nn.softplus(-logits))
        self._apply(0, tape, value, self.discriminator)
        with tf.GradientTape() as tape:
            fake, mask = self.generator(self._noise(), training=True)
            value = tf.reduce_mean(tf.nn.softplus(-self.discriminator(fake)))
            value += self.parameters.generator.mask_penalty * tf.reduce_mean(mask)
        self._apply(1, tape, value, self.generator)

    def _noise(self) -> tf.Tensor:
        return tf.random.uniform((self.training.batch_size, self.parameters.latent.dimension), -1, 1)

    def _apply(self, number: int, tape: tf.GradientTape, value: tf.Tensor, network: keras.Model) -> None:
        weights = network.trainable_variables
        self.optimizers[number].apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))


def ours(parameters: NetworksParameters, training: TrainingParameters) -> Callable[[], int]:
    """This project's step."""
    step = TrainingStep(create_state(*build_pair(parameters, SHAPE), training), find_loss(training.loss), training)
    run_steps = compile_steps(step, feed_from_device(Batch(tf.constant(CLIPS)), training.batch_size, Draws(training.seed)))

    def run() -> int:
        run_steps(STEPS_PER_CALL)
        return STEPS_PER_CALL * training.batch_size

    return run


def contestants() -> dict[str, Callable[[], int]]:
    """Function that trains on some clips and says how many, by name."""
    parameters, training = read_preset("video")
    slow = training.model_copy(update={"precision": "float32"})
    stages = [stage.model_dump() | {"kernel_size": 4 if stage.double else stage.kernel_size} for stage in parameters.generator.stages or ()]
    transposed = altered(parameters, {"generator": {"stages": stages, "upsampling": "transposed", "output_kernel_size": 4}})
    return {
        "plain": PlainStep(parameters, training),
        "transposed": ours(transposed, slow),
        "float32": ours(parameters, slow),
        "allowed": ours(parameters, training),
    }


def main() -> None:
    """Measure, print a table, and write JSON if asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each contestant in each round")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rates, limits = in_turn(contestants(), options.rounds, options.seconds)
    for dtype, values in limits.items():
        print(f"matrix product {dtype:9s} {statistics.median(values) / 1e9:7.0f} GFLOP/s")
    for name, values in rates.items():
        ratios = [value / base for value, base in zip(values, rates["plain"], strict=True)]
        print(
            f"{name:11s} {statistics.median(values):6.1f} clips/s ({min(values):.1f} to {max(values):.1f})  "
            f"{statistics.median(ratios):5.2f} × plain ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    if options.json:
        options.json.write_text(json.dumps({"clips_per_second": rates, "matrix_products": limits}, indent=2) + "\n")


if __name__ == "__main__":
    main()
