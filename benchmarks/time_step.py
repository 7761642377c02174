"""Time what export_step.py wrote, on JAX's runtime: images a second, and the share of the device's own matrix rate.

    python time_step.py FOLDER [--calls 20]

Needs JAX and NumPy, nothing else of this project.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxlib import xla_client

jax.config.update("jax_enable_x64", True)


def matrix_rate(dtype: jnp.dtype, size: int) -> float:
    """Floating-point operations a second of a chain of square matrix products."""
    matrix = jnp.eye(size, dtype=dtype)
    chain = jax.jit(lambda start: jax.lax.fori_loop(0, 10, lambda _, left: left @ matrix, start))
    chain(matrix).block_until_ready()
    started = time.perf_counter()
    chain(matrix).block_until_ready()
    return 10 * 2 * size**3 / (time.perf_counter() - started)


def main() -> None:
    """Compile, warm up, time, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, default=20)
    options = parser.parse_args()
    about = json.loads((options.folder / "step.json").read_text())
    device = jax.devices()[0]
    arrays = np.load(options.folder / "inputs.npz")
    inputs = [jax.device_put(arrays[name], device) for name in sorted(arrays.files)]
    devices = xla_client.DeviceList((device,))
    program = (options.folder / "step.mlir").read_text()
    started = time.perf_counter()
    compiled = device.client.compile_and_load(program, devices, xla_client.CompileOptions())
    compile_s = time.perf_counter() - started

    def call() -> jax.Array:
        outputs = compiled.execute(inputs)
        for output, number in about["input_of_output"].items():
            inputs[number] = outputs[int(output)]
        return outputs[0]

    metrics = np.asarray(call())
    started = time.perf_counter()
    for _ in range(options.calls):
        metrics = call()
    metrics = np.asarray(metrics)
    seconds = time.perf_counter() - started
    num_steps = options.calls * about["steps_per_call"]
    rate = num_steps * about["operations_per_step"] / seconds
    limit = matrix_rate(jnp.bfloat16 if about["precision"] == "bfloat16" else jnp.float32, 8192 if device.platform == "gpu" else 1024)
    images_per_second = num_steps * about["images_per_step"] / seconds
    result = about | {"device": device.device_kind, "compile_s": compile_s, "images_per_second": images_per_second}
    result |= {"tflops": rate / 1e12, "matrix_tflops": limit / 1e12, "share_of_matrix_rate": rate / limit}
    result |= {"last_metrics": metrics[-1].tolist(), "input_of_output": len(about["input_of_output"])}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
