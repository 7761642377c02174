"""How much sooner the default preset reaches a Fréchet distance than the textbook loop with the post's recipe, in wall time.

First `kedro run`'s own training on the embedded digits, scored every 50 steps, until the distance is reached; then the textbook
loop on full MNIST, for `--factor` times as long. Building and compiling count, scoring does not. The distance is that of 10,000 samples
to the MNIST test images by the plain judge.

    python benchmarks/time_to_quality.py --mnist FOLDER [--distance 10] [--factor 15] [--json FILE]
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ganflow.data.images import ImageSet
from ganflow.networks import build_pair
from ganflow.training.loop import train
from ganflow.training.state import average_generator
from judge import BATCH_SIZE, NUM_SAMPLES, Judge
from presets import read_preset
from quality import training_images
from speed import textbook


class Clock:
    """Wall time, without what is paused."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._started

    def paused(self, work: Callable[[], float]) -> float:
        """Do work that does not count."""
        before = time.perf_counter()
        result = work()
        self._started += time.perf_counter() - before
        return result


def default_preset(judge: Judge, distance: float, images: np.ndarray) -> list[tuple[float, float]]:
    """(seconds, distance) of every score, up to the first that is good enough."""
    parameters, training = read_preset("base")
    shape = images.shape[1:]
    curve = []
    clock = Clock()
    generator, discriminator = build_pair(parameters, shape)
    for report in train(ImageSet(images), generator, discriminator, training.model_copy(update={"interval": 50})):
        if report.step < 400:
            continue
        arrays = report.arrays
        reached = clock.paused(lambda arrays=arrays: judge.score_generator(average_generator(generator, arrays)))
        curve.append((clock.seconds(), reached))
        print(f"default preset: {clock.seconds():.0f} s, step {report.step}, distance {reached:.2f}", flush=True)
        if reached <= distance:
            break
    return curve


def textbook_loop(judge: Judge, distance: float, images: np.ndarray, limit: float) -> list[tuple[float, float]]:
    """(seconds, distance) of twelve scores within the limit, fewer if one is good enough."""
    parameters, training = read_preset("classic")
    curve: list[tuple[float, float]] = []
    clock = Clock()
    step, generator = textbook(parameters, training.batch_size, images)

    def score() -> float:
        noise = np.random.default_rng(1).uniform(-1, 1, (NUM_SAMPLES, parameters.latent.dimension))
        samples = generator.predict(noise, batch_size=BATCH_SIZE, verbose=0)
        return judge.score_images(np.rint(samples * 255).astype(np.uint8))

    while clock.seconds() < limit:
        step()
        if clock.seconds() >= limit * (len(curve) + 1) / 12:
            reached = clock.paused(score)
            curve.append((clock.seconds(), reached))
            print(f"textbook loop: {clock.seconds():.0f} s, distance {reached:.2f}", flush=True)
            if reached <= distance:
                break
    return curve


def main() -> None:
    """Measure one after the other and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files")
    parser.add_argument("--distance", type=float, default=10.0)
    parser.add_argument("--factor", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    judge = Judge(options.mnist, "plain")
    ours = default_preset(judge, options.distance, training_images("base", options.mnist))
    seconds = ours[-1][0]
    theirs = textbook_loop(judge, options.distance, training_images("classic", options.mnist), options.factor * seconds)
    result = {"distance": options.distance, "default_preset": ours, "textbook_loop": theirs, "factor": theirs[-1][0] / seconds}
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
