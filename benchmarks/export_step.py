"""Write training as a StableHLO program, so that the same XLA program can be timed where there is no TensorFlow.

The program is the one that training itself runs on an accelerator: `--steps` steps over images that are among its inputs; without
the long steps that a preset's warm-up has. Beside it lie its inputs, in order, and what the timing needs to know: images in a step, counted
operations, and which output is which input of the next call.

    python benchmarks/export_step.py FOLDER [--preset base] [--precision bfloat16] [--batch-size N] [--steps 100]
    python benchmarks/time_step.py FOLDER        # where JAX is, on whatever device it finds
"""

import argparse
import json
import os
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from ganflow.losses.adversarial import find_loss
from ganflow.networks import build_pair
from ganflow.training.draws import Draws
from ganflow.training.feeding import Batch, feed_from_device
from ganflow.training.loop import compile_steps
from ganflow.training.schedule import discriminator_schedule
from ganflow.training.state import create_state
from ganflow.training.step import TrainingStep
from presets import read_preset
from speed import IMAGES, count_operations


def export(folder: Path, preset: str, changes: dict[str, object], num_steps: int) -> None:
    """Write `step.mlir`, `inputs.npz` and `step.json`."""
    parameters, training = read_preset(preset)
    # as on the accelerators that it is for
    training = training.model_copy(update={"convolution": "direct", "discriminator_warmup": None} | changes)
    shape = IMAGES.shape[1:]
    generator, discriminator = build_pair(parameters, shape)
    state = create_state(generator, discriminator, training)
    step = TrainingStep(state, find_loss(training.loss), training)
    feed = feed_from_device(Batch(tf.constant(IMAGES)), training.batch_size, Draws(training.seed))
    run_steps = compile_steps(step, feed, discriminator_schedule(training), jit=True)
    captured = run_steps.get_concrete_function(num_steps).captured_inputs
    variables = {id(variable.handle): variable for variable in map(_tf_variable, dict(state.variables()).values())}
    inputs = [(variables[id(tensor)] if tensor.dtype == tf.resource else tensor).numpy() for tensor in captured]
    program = run_steps.experimental_get_compiler_ir(num_steps)(stage="stablehlo")
    check_signature(program, inputs)
    pairs = re.findall(r"parameter_number = (\d+) : i64\}, output_index = array<i64: (\d+)>", program)
    about = {
        "preset": preset,
        "precision": training.precision,
        "images_per_step": training.batch_size * training.discriminator_steps,
        "steps_per_call": num_steps,
        "operations_per_step": count_operations(step.update_both, training.batch_size)
        + (training.discriminator_steps - 1) * count_operations(step.update_discriminator, training.batch_size),
        "input_of_output": {output: int(number) for number, output in pairs},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "step.mlir").write_text(program)
    np.savez(folder / "inputs.npz", **{f"{number:03d}": array for number, array in enumerate(inputs)})
    (folder / "step.json").write_text(json.dumps(about, indent=2) + "\n")


def _tf_variable(variable: object) -> tf.Variable:
    return variable if isinstance(variable, tf.Variable) else variable.value


def check_signature(program: str, inputs: list[np.ndarray]) -> None:
    """Make sure that the inputs are those of the program, by shape and type."""
    signature = program[program.index("@main(") :].split(") -> ", 1)[0]
    expected = re.findall(r"%arg\d+: tensor<((?:\d+x)*)(\w+)>", signature)
    names = {"float32": "f32", "int64": "i64", "int32": "i32", "uint32": "ui32", "uint8": "ui8"}
    given = [("".join(f"{size}x" for size in array.shape), names[array.dtype.name]) for array in inputs]
    if given != expected:
        raise SystemExit(f"The program takes {expected}, the captured inputs are {given}.")


def main() -> None:
    """Export as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--preset", default="base")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--batch-size", type=int, help="the preset's own by default")
    parser.add_argument("--steps", type=int, default=100, help="in one call of the program")
    options = parser.parse_args()
    changes = {"precision": options.precision} | ({"batch_size": options.batch_size} if options.batch_size else {})
    export(options.folder, options.preset, changes, options.steps)


if __name__ == "__main__":
    main()
