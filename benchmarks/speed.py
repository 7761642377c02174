"""How fast this project trains beside the loops that tutorials teach, on the same networks, batch and machine.

Contestants, in turn, over several rounds:

    textbook   the 2017 post's loop: Keras `predict` for the fakes, `train_on_batch` on two compiled models, data in NumPy
    tutorial   one `tf.function` step called from Python, plain UpSampling2D
    float32    this project with the mathematics of the post: separate fakes for both updates, in float32
    allowed    this project with everything allowed: shared fakes, bfloat16 where the processor has it

    python benchmarks/speed.py [--rounds 5] [--seconds 12] [--json FILE]
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.losses.adversarial import find_loss
from ganflow.networks import build_pair
from ganflow.networks.tables import discriminator_table, generator_table
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch, feed_from_device
from ganflow.training.loop import compile_steps
from ganflow.training.state import create_state
from ganflow.training.step import TrainingStep
from presets import read_preset

IMAGES = np.random.default_rng(0).integers(0, 256, (10_000, 28, 28, 1), dtype=np.uint8)
STEPS_PER_CALL = 5


class Operations(NamedTuple):
    """Floating-point operations of a step, as its graph counts them.

    Attributes:
        taken: as it runs.
        direct: of the same step with direct convolutions.
    """

    taken: int
    direct: int


def plain_generator(parameters: NetworksParameters) -> keras.Sequential:
    """The post's generator as tutorials write it."""
    first, *rest = generator_table(parameters.generator, (28, 28, 1))
    momentum = parameters.generator.batch_normalization_momentum
    model = keras.Sequential(
        [
            keras.Input((parameters.latent.dimension,)),
            layers.Dense(7 * 7 * first.width),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
            layers.Reshape((7, 7, first.width)),
            layers.Dropout(parameters.generator.dropout),
        ]
    )
    for stage in rest:
        if stage.double:
            model.add(layers.UpSampling2D())
        model.add(layers.Conv2DTranspose(stage.width, stage.kernel_size, padding="same"))
        model.add(layers.BatchNormalization(momentum=momentum))
        model.add(layers.ReLU())
    model.add(layers.Conv2DTranspose(1, parameters.generator.output_kernel_size, padding="same", activation="sigmoid"))
    return model


def plain_discriminator(parameters: NetworksParameters, activation: str | None) -> keras.Sequential:
    """The post's discriminator as tutorials write it."""
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for stage in discriminator_table(parameters.discriminator, (28, 28, 1)):
        model.add(layers.Conv2D(stage.width, stage.kernel_size, strides=1 + stage.halve, padding="same"))
        model.add(layers.LeakyReLU(negative_slope=parameters.discriminator.leaky_slope))
        model.add(layers.Dropout(parameters.discriminator.dropout))
    model.add(layers.Flatten())
    model.add(layers.Dense(1, activation=activation))
    return model


def textbook(parameters: NetworksParameters, num: int, images: np.ndarray = IMAGES) -> tuple[Callable[[], int], keras.Model]:
    """Keras `predict` and `train_on_batch`, as in the post: a step, and the generator that it trains."""
    generator, discriminator = plain_generator(parameters), plain_discriminator(parameters, "sigmoid")
    discriminator.compile(keras.optimizers.RMSprop(2e-4, clipvalue=1.0), "binary_crossentropy")
    fixed = keras.models.clone_model(discriminator)
    fixed.trainable = False
    adversarial = keras.Sequential([generator, fixed])
    adversarial.compile(keras.optimizers.RMSprop(1e-4, clipvalue=1.0), "binary_crossentropy")
    random = np.random.default_rng(0)
    data = images.astype(np.float32) / 255

    def step() -> int:
        real = data[random.integers(0, len(data), num)]
        fake = generator.predict(random.uniform(-1, 1, (num, 100)), verbose=0)
        labels = np.concatenate([np.ones((num, 1)), np.zeros((num, 1))])
        discriminator.train_on_batch(np.concatenate([real, fake]), labels)
        # the post shares the layers; Keras 3 holds a shared discriminator still in both models or in neither
        fixed.set_weights(discriminator.get_weights())
        adversarial.train_on_batch(random.uniform(-1, 1, (num, 100)), np.ones((num, 1)))
        return num

    return step, generator


def tutorial(parameters: NetworksParameters, num: int) -> tuple[Callable[[], int], Operations]:
    """One compiled step, called from Python for every batch of a `tf.data` pipeline; it takes the operations of the textbook's step."""
    generator, discriminator = plain_generator(parameters), plain_discriminator(parameters, None)
    optimizers = keras.optimizers.RMSprop(1e-4, clipvalue=1.0), keras.optimizers.RMSprop(2e-4, clipvalue=1.0)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    batches = iter(tf.data.Dataset.from_tensor_slices(IMAGES.astype(np.float32) / 255).shuffle(len(IMAGES)).repeat().batch(num).prefetch(2))

    @tf.function
    def update(real: tf.Tensor) -> None:
        fake = generator(tf.random.uniform((num, 100), -1, 1), training=False)
        with tf.GradientTape() as tape:
            logits = discriminator(tf.concat([real, fake], 0), training=True)
            value = loss(tf.concat([tf.ones((num, 1)), tf.zeros((num, 1))], 0), logits)
        weights = discriminator.trainable_variables
        optimizers[1].apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        with tf.GradientTape() as tape:
            logits = discriminator(generator(tf.random.uniform((num, 100), -1, 1), training=True), training=True)
            value = loss(tf.ones((num, 1)), logits)
        weights = generator.trainable_variables
        optimizers[0].apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))

    def step() -> int:
        update(next(batches))
        return num

    taken = count_in_graph(update.get_concrete_function(tf.TensorSpec((num, 28, 28, 1), tf.float32)).graph)
    return step, Operations(taken, taken)


def ours(parameters: NetworksParameters, training: TrainingParameters) -> tuple[Callable[[], int], Operations]:
    """This project's step, and the floating-point operations of it."""
    shape = (28, 28, 1)
    generator, discriminator = build_pair(parameters, shape)
    state = create_state(generator, discriminator, training)
    step = TrainingStep(state, find_loss(training.loss), training)
    run_steps = compile_steps(step, feed_from_device(Batch(tf.constant(IMAGES)), training.batch_size, Draws(training.seed)))

    def run() -> int:
        run_steps(STEPS_PER_CALL)
        return STEPS_PER_CALL * training.batch_size

    directly = training.model_copy(update={"convolution": "direct"})
    direct_step = TrainingStep(create_state(generator, discriminator, directly), find_loss(training.loss), directly)
    taken, directly_taken = (count_operations(one.update_both, training.batch_size) for one in (step, direct_step))
    return run, Operations(taken, directly_taken)


def count_operations(update: Callable[[Batch, tf.Tensor], object], batch_size: int) -> int:
    """Multiplications and additions of convolutions and matrix products in one update of a `TrainingStep`."""
    batch = Batch(tf.TensorSpec((batch_size, *IMAGES.shape[1:]), tf.uint8))
    return count_in_graph(tf.function(update).get_concrete_function(batch, tf.TensorSpec((), tf.int64)).graph)


def count_in_graph(graph: tf.Graph) -> int:
    """The same in a graph whose shapes are known."""
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    counted = tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
    # TensorFlow takes the last axis of a transposed operand for the one that is summed over
    transposed = (product for product in graph.get_operations() if product.type == "BatchMatMulV2" and product.get_attr("adj_x"))
    for product in transposed:
        *_, summed, mistaken = product.inputs[0].shape
        counted += 2 * product.outputs[0].shape.num_elements() * (summed - mistaken)
    return int(counted)


def rate(step: Callable[[], int], seconds: float) -> float:
    """Images a second over about `seconds`."""
    started, num = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        num += step()
    return num / (time.perf_counter() - started)


def in_turn(steps: dict[str, Callable[[], int]], rounds: int, seconds: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Rates of contestants, each called once before, and of matrix products beside them, round after round, by name."""
    for step in steps.values():
        step()
    rates: dict[str, list[float]] = {name: [] for name in steps}
    limits: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for _ in range(rounds):
        for dtype, values in limits.items():
            values.append(matrix_product_rate(tf.as_dtype(dtype)))
        for name, step in steps.items():
            rates[name].append(rate(step, seconds))
    return rates, limits


def matrix_product_rate(dtype: tf.DType, size: int = 2048) -> float:
    """Measured floating-point operations a second of a square matrix product."""
    left, right = (tf.cast(tf.random.normal((size, size)), dtype) for _ in range(2))
    product = tf.function(lambda: tf.linalg.matmul(left, right))
    product()
    best = min(_timed(product) for _ in range(8))
    return 2 * size**3 / best


def _timed(call: Callable[[], tf.Tensor]) -> float:
    started = time.perf_counter()
    float(tf.reduce_sum(tf.cast(call()[:1, :1], tf.float32)))
    return time.perf_counter() - started


def contestants() -> Iterator[tuple[str, Callable[[], int], Operations | None]]:
    """Name, function that trains some images and says how many, counted operations of a step."""
    parameters, training = read_preset("classic")
    yield "textbook", textbook(parameters, training.batch_size)[0], None
    yield "tutorial", *tutorial(parameters, training.batch_size)
    yield "float32", *ours(parameters, training.model_copy(update={"precision": "float32", "jit": "off"}))
    yield "allowed", *ours(parameters, training.model_copy(update={"share_fakes": True, "discriminator_fakes": "training"}))


def main() -> None:
    """Measure, print a table, and write JSON if asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each contestant in each round")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    _, training = read_preset("classic")
    entries = list(contestants())
    rates, limits = in_turn({name: step for name, step, _ in entries}, options.rounds, options.seconds)
    result = summarise(rates, limits, {name: operations for name, _, operations in entries if operations}, training.batch_size)
    print_table(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


def summarise(
    rates: dict[str, list[float]], limits: dict[str, list[float]], operations: dict[str, Operations], batch_size: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Medians and ranges, ratios within each round, and operations a second as shares of the machine's rate in float32."""
    result: dict[str, dict[str, dict[str, float]]] = {"limits": {}, "contestants": {}}
    for dtype, values in limits.items():
        result["limits"][dtype] = {"gflops": statistics.median(values) / 1e9, "low": min(values) / 1e9, "high": max(values) / 1e9}
    for name, values in rates.items():
        ratios = [value / base for value, base in zip(values, rates["textbook"], strict=True)]
        row = {"images_per_second": statistics.median(values), "low": min(values), "high": max(values)}
        row |= {"ratio_to_textbook": statistics.median(ratios), "ratio_low": min(ratios), "ratio_high": max(ratios)}
        if name in operations:
            limit = result["limits"]["float32"]["gflops"]
            for kind, number in operations[name]._asdict().items():
                gflop = number / batch_size / 1e9
                row |= {f"gflop_per_image_{kind}": gflop, f"share_of_float32_limit_{kind}": gflop * row["images_per_second"] / limit}
        result["contestants"][name] = row
    return result


def print_table(result: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print what `summarise` returns for a person."""
    for dtype, row in result["limits"].items():
        print(f"matrix product {dtype:9s} {row['gflops']:7.0f} GFLOP/s ({row['low']:.0f} to {row['high']:.0f})")
    for name, row in result["contestants"].items():
        line = f"{name:9s} {row['images_per_second']:7.0f} images/s ({row['low']:.0f} to {row['high']:.0f})"
        line += f"  {row['ratio_to_textbook']:5.2f} × textbook ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
        if "gflop_per_image_taken" in row:
            for kind in Operations._fields:
                line += f"  {kind} {row[f'gflop_per_image_{kind}']:.3f} GFLOP/image, {row[f'share_of_float32_limit_{kind}']:.0%} of float32"
        print(line)


if __name__ == "__main__":
    main()
