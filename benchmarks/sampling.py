"""Seconds to draw 10,000 images, to score them, and to write them as PNG, with the default networks.

Scored means every metric of the report, against the 10,000 MNIST test images, in the features of the project's own extractor. Compiling
is included. Time does not depend on the weights, so they are random.

    python benchmarks/sampling.py --mnist FOLDER [--num 10000]
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import yaml

from ganflow import networks
from ganflow.config.evaluation import EvaluationParameters
from ganflow.data.sources.published import MNIST
from ganflow.datasets import ImageFolderDataset
from ganflow.datasets.images import encode
from ganflow.features.classifier import build_classifier
from ganflow.metrics.report import FeatureSet, score
from ganflow.sampling.images import sample_images
from judge import compile_classifier
from presets import ROOT, read_preset


def timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    """Do the work, and note how long it took."""
    started = time.perf_counter()
    result = work()
    seconds[name] = time.perf_counter() - started
    return result


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files")
    parser.add_argument("--num", type=int, default=10_000)
    options = parser.parse_args()
    parameters, _ = read_preset("base")
    section = yaml.safe_load((ROOT / "conf/base/parameters_evaluation.yml").read_text())["evaluation"]
    evaluation = EvaluationParameters.model_validate(section)
    digits = MNIST.read(options.mnist)
    real = digits.images[digits.is_held_out]
    generator = networks.build_generator(parameters.generator, parameters.latent, real.shape[1:])
    classify = compile_classifier(build_classifier(real.shape[1:], 10))
    seconds: dict[str, float] = {}
    images = timed(seconds, "draw", lambda: sample_images(generator, options.num, evaluation.batch_size, 0))
    subjects = {"real": real, "generated": images}
    found = timed(seconds, "extract_features", lambda: {name: classify(of) for name, of in subjects.items()})
    sets = {name: FeatureSet(*pair) for name, pair in found.items()}
    timed(seconds, "score", lambda: score(sets["real"], sets["generated"], 10, evaluation.num_neighbours))
    seconds["drawn_and_scored"] = sum(seconds.values())
    pixels = np.random.default_rng(0).permutation(real)[: options.num]
    timed(seconds, "encode_one_thread", lambda: [encode(image)[1] for image in pixels])
    with tempfile.TemporaryDirectory() as folder:
        timed(seconds, "write_png_folder", lambda: ImageFolderDataset(path=Path(folder) / "samples").save(pixels))
    print(json.dumps({"num": options.num, "seconds": seconds}, indent=2))


if __name__ == "__main__":
    main()
