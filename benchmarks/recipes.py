"""Every recipe on the embedded digits: images a second, Fréchet distance after four minutes and at the end, and what the doctor says.

The rate is measured first, one recipe after the other on an otherwise idle machine; it says which step four minutes would reach. What is
trained after that is counted in steps, so other work on the machine does it no harm. Results are appended to a file, one line for each
run, and runs that are in it already are left out; so an interrupted benchmark goes on where it was.

    python benchmarks/recipes.py --mnist FOLDER --results FILE [--recipes base,classic,…] [--seeds 3] [--minutes 4] [--longest 30]
"""

import argparse
import json
import os
import statistics
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ganflow.data.images import ImageSet, count_classes
from ganflow.doctor.findings import PATIENCE
from ganflow.metrics.classes import agreement, num_classes_reached
from ganflow.networks import build_pair
from ganflow.networks.conditional import labels_of
from ganflow.sampling.images import images_from_inputs, sample_inputs
from ganflow.training.loop import train
from ganflow.training.schedule import discriminator_schedule
from ganflow.training.state import average_generator
from judge import BATCH_SIZE, NUM_SAMPLES, Judge
from laboratory import Laboratory, WatchedRun
from presets import read_health, read_preset

RECIPES = ("base", "classic", "wgan", "wgan_gp", "lsgan", "hinge_sn", "r3gan")
RATE_SECONDS = 20
INTERVAL = 100
NUM_IMAGES = {"classic": 60_000}
"""Training images that a recipe's number of steps is meant for, where it names its data. It ends after as many passes over others."""


def measure_rate(images: ImageSet, recipe: str) -> float:
    """Generator steps a second, after the first interval and without the warm-up of the discriminator."""
    networks, training = read_preset(recipe)
    generator, discriminator = build_pair(networks, images.images.shape[1:], count_classes(images))
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


def run(laboratory: Laboratory, recipe: str, seed: int, ends: dict[str, int], judges: dict[str, Judge]) -> dict[str, Any]:
    """Train to the last of `ends`, judging the averaged generator at each; a name for each step."""
    networks, preset = read_preset(recipe)
    training = preset.model_copy(update={"num_steps": max(ends.values()), "interval": INTERVAL, "seed": seed})
    watched = WatchedRun(laboratory, networks, training)
    result: dict[str, Any] = {"recipe": recipe, "seed": seed, "steps": ends}
    for report in watched.reports():
        for name in (name for name, step in ends.items() if step == report.step):
            model = average_generator(watched.generator, report.arrays)
            inputs = sample_inputs(model, NUM_SAMPLES, 12345)
            drawn, asked = images_from_inputs(model, inputs, BATCH_SIZE), labels_of(inputs)
            classes = {kind: judge.classify(drawn)[1] for kind, judge in judges.items()}
            result[name] = {kind: judge.score_images(drawn) for kind, judge in judges.items()}
            result[name]["classes"] = num_classes_reached(classes["plain"], 10)
            if asked is not None:
                result[name]["asked"] = {kind: float(np.mean(named == asked)) for kind, named in classes.items()}
                result[name]["lowest_asked"] = {kind: float(agreement(asked, named, 10).min()) for kind, named in classes.items()}
    return result | {"alarms": watched.alarms(), "diagnosis": watched.diagnosis(), "seconds": watched.seconds}


def steps_in(recipe: str, rate: float, seconds: float) -> int:
    """Whole intervals of generator steps that the time allows; a warm-up's steps take as much longer as they update the discriminator."""
    training = read_preset(recipe)[1]
    schedule = discriminator_schedule(training)
    updates = rate * training.discriminator_steps * seconds
    steps = range(INTERVAL, training.num_steps + 1, INTERVAL)
    return min(steps, key=lambda step: abs(int(schedule.before(step)) - updates))


def last_step(recipe: str, num_images: int) -> int:
    """The recipe's number of steps; on data other than its own, that of as many passes over them, in whole intervals."""
    num_steps = read_preset(recipe)[1].num_steps
    if recipe not in NUM_IMAGES:
        return num_steps
    return round(num_steps * num_images / NUM_IMAGES[recipe] / INTERVAL) * INTERVAL


def table(lines: list[dict[str, Any]], judge: str) -> str:
    """The rows of docs/recipes.md, as Markdown."""
    rows = [
        "| recipe | images/s | first mark, steps | FD there | end, steps | FD at the end | classes | runs | alarms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for recipe in RECIPES:
        rate = next((line["steps_per_second"] for line in lines if line["recipe"] == recipe and "steps_per_second" in line), None)
        runs = [line for line in lines if line["recipe"] == recipe and "seed" in line]
        if rate is None or not runs:
            continue
        preset = read_preset(recipe)[1]
        # before, the doctor has not seen enough
        judged = [run for run in runs if max(run["steps"].values()) >= read_health().warmup_steps + PATIENCE * INTERVAL]
        cells = [
            recipe,
            f"{rate * preset.batch_size * preset.discriminator_steps:.0f}",
            str(runs[0]["steps"]["early"]),
            spread([run["early"][judge] for run in runs if "early" in run]),
            str(runs[0]["steps"].get("end", "not run")),
            spread([run["end"][judge] for run in runs if "end" in run]),
            ", ".join(str(run["end" if "end" in run else "early"]["classes"]) for run in runs),
            str(len(runs)),
            str(sum(bool(run["alarms"]) for run in judged)) if judged else "not judged",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def spread(values: list[float]) -> str:
    """Mean ± standard deviation over seeds."""
    if not values:
        return "not run"
    mean = f"{statistics.mean(values):.2f}"
    return f"{mean} ± {statistics.stdev(values):.2f}" if len(values) > 1 else mean


def main() -> None:
    """Measure what the file does not have yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files, for the judge")
    parser.add_argument("--results", required=True, type=Path, help="JSON lines")
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--longest", type=float, default=30.0, help="minutes; what takes longer is not trained to its end")
    options = parser.parse_args()
    laboratory = Laboratory()
    lines = [json.loads(line) for line in options.results.read_text().splitlines()] if options.results.exists() else []
    recipes = options.recipes.split(",")

    def note(line: dict[str, Any]) -> None:
        lines.append(line)
        with options.results.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(line, flush=True)

    for recipe in recipes:
        if not any(line["recipe"] == recipe and "steps_per_second" in line for line in lines):
            note({"recipe": recipe, "steps_per_second": measure_rate(laboratory.train, recipe)})
    judges = {kind: Judge(options.mnist, kind) for kind in ("plain", "normalised")}
    for seed in range(options.seeds):
        for recipe in recipes:
            if not any(line["recipe"] == recipe and line.get("seed") == seed for line in lines):
                rate = next(line["steps_per_second"] for line in lines if line["recipe"] == recipe and "steps_per_second" in line)
                ends = {"early": steps_in(recipe, rate, 60 * options.minutes)}
                num_steps = last_step(recipe, len(laboratory.images))
                if num_steps <= steps_in(recipe, rate, 60 * options.longest):
                    ends["end"] = num_steps
                note(run(laboratory, recipe, seed, ends, judges))
    for kind in judges:
        print(f"\n{kind} judge\n\n{table(lines, kind)}")


if __name__ == "__main__":
    main()
