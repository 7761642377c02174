"""What every test may use: small networks and images, and the project's own root."""

import fcntl
import gc
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from base_parameters import section

OF_THE_USER = r"(KERAS|MLFLOW|TF)_\w+|KEDRO_(ENV|LOGGING_CONFIG|MP_CONTEXT)|CUDA_VISIBLE_DEVICES|GANFLOW_PROJECT"
OF_MAKE = r"ARGS|MAKE\w+|MFLAGS|PYTHON|VENV"
"""Variables that `make test` hands on; a test that calls make itself would take them over."""


def forget_settings() -> None:
    """Remove what users set for runs of their own: it decides neither what a test does nor what a process does that a test starts."""
    for name in [name for name in os.environ if re.fullmatch(f"{OF_THE_USER}|{OF_MAKE}", name)]:
        del os.environ[name]
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    # several processes share the cores: threads of one that wait for each other over small matrices take twenty times as long
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


# before anything imports TensorFlow
forget_settings()

# how long an example takes says more about the machine than about the code
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--allowed-skips", metavar="FILE", help="fail every test that is skipped for a reason that is not a line of FILE")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item):
    report = yield
    return fail_unlisted_skip(report, item.config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(collector):
    report = yield
    return fail_unlisted_skip(report, collector.config)


def fail_unlisted_skip(report, config):
    if config.option.allowed_skips and report.skipped and not hasattr(report, "wasxfail"):
        file = config.invocation_params.dir / config.option.allowed_skips
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason not in file.read_text().splitlines():
            report.outcome = "failed"
            report.longrepr = f"Got a skip for the reason '{reason}', expected one of {file}. Provide what is missing, or add the reason."
    return report


def pytest_collection_modifyitems(items):
    """Of two workers, each begins with half of the commands and ends with short tests, of which the other can take some over.

    pytest-xdist gives each one half of the list. What both need, the first makes while the second is at the contracts.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    kinds = {kind: [file for file in files if kind in file.parts] for kind in ("contracts", "end_to_end", "unit")}
    halves = [
        kinds["end_to_end"][0::2] + kinds["unit"][0::2],
        kinds["contracts"] + kinds["end_to_end"][1::2] + kinds["unit"][1::2],
    ]
    others = files.keys() - {file for half in halves for file in half}
    items[:] = [item for file in (*halves[0], *halves[1], *sorted(others)) for item in files[file]]


def pytest_collection_finish():
    # all that is imported by now stays: a tenth of the tests' time went into looking through it for garbage
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Function that has a folder filled once in a test run, by whichever worker needs it first. Nobody changes it: copy it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def provide(name: str, make: Callable[[Path], None]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.done").exists():
                make(shared / name)
                (shared / f"{name}.done").touch()
        return shared / name

    return provide


@pytest.fixture(scope="session", autouse=True)
def two_devices() -> None:
    """Two logical processors, so that what replicas share can be tested on any machine; before any test lets TensorFlow start.

    Tests that need them import TensorFlow when they are collected; a run of others does without it.
    """
    if "tensorflow" not in sys.modules:
        return
    import tensorflow as tf

    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(scope="module", autouse=True)
def graphs_of_a_module_end_with_it():
    """Every optimizer's update has TensorFlow register a gradient function for good, and with it the graph that it was traced in: some
    15 MiB for a training of the smallest networks, 30 on two replicas. No graph is differentiated after its module.
    """
    yield
    if "tensorflow" not in sys.modules:
        return
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry._registry
    names = [name for name in registered if name.startswith("CustomGradient-")]
    for name in names:
        del registered[name]
    if names:
        gc.collect()


@pytest.fixture(scope="session")
def networks_parameters():
    """Tiny networks with every kind of layer, for 8 × 8 images."""
    from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, NetworksParameters

    rows = [{"width": 5}, {"width": 4, "kernel_size": 3, "double": True}, {"width": 3, "kernel_size": 3, "double": True}]
    halving = [{"width": 4, "kernel_size": 3, "halve": True}, {"width": 5, "kernel_size": 3, "halve": True}]
    return section(
        NetworksParameters,
        latent={"dimension": 6, "distribution": "uniform"},
        generator=section(GeneratorParameters, stages=rows, output_kernel_size=3, dropout=0.2),
        discriminator=section(DiscriminatorParameters, stages=halving, dropout=0.2),
    )


@pytest.fixture(scope="session")
def architectures(networks_parameters):
    from ganflow.networks import architecture, build_discriminator, build_generator

    shape = (8, 8, 1)
    return (
        architecture(build_generator(networks_parameters.generator, networks_parameters.latent, shape)),
        architecture(build_discriminator(networks_parameters.discriminator, shape)),
    )


@pytest.fixture(scope="session")
def training_parameters():
    from ganflow.config.training import OptimizerParameters, TrainingParameters

    adam = section(OptimizerParameters, learning_rate=1e-3, decay={"schedule": "cosine", "num_steps": 20})
    optimizers = {"generator_optimizer": adam, "discriminator_optimizer": adam}
    return section(
        TrainingParameters, num_steps=8, batch_size=4, interval=3, r1_weight=1.0, average_decay=0.9, sheet_columns=2, **optimizers
    )


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """24 images of 8 × 8 pixels, which all tests see and none may change."""
    images = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 1), dtype=np.uint8)
    images.flags.writeable = False
    return images
