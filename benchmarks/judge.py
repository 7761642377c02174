"""The judge of the README's quality figures: Fréchet distance of 10,000 samples to the 10,000 MNIST test images.

Its features are the 128-d penultimate layer of a digit classifier trained on the full MNIST training set, which no part of the
project's own run sees. The classifier is trained once and kept in `benchmarks/.cache/`.

    python benchmarks/judge.py --mnist FOLDER [--generator data/06_models/generator.keras/VERSION/generator.keras]
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from safetensors.numpy import load_file, save_file

from ganflow import networks
from ganflow.data.sources import load_images
from ganflow.metrics.frechet import FeatureStatistics, feature_statistics, frechet_distance_from_statistics
from ganflow.networks.features import build_classifier, extract, train_classifier
from ganflow.sampling.images import sample_images

CACHE = Path(__file__).parent / ".cache"
NUM_SAMPLES = 10_000
BATCH_SIZE = 500


class Judge:
    """Scores images or generators against the MNIST test set."""

    def __init__(self, mnist: str) -> None:
        """Load MNIST from `mnist` and the classifier from the cache, training it if it is not there."""
        digits = load_images("mnist", mnist)
        is_test = digits.is_held_out
        assert is_test is not None
        self.train_images, train_labels = digits.images[~is_test], digits.labels[~is_test]
        test_images, test_labels = digits.images[is_test], digits.labels[is_test]
        described = networks.architecture(build_classifier((28, 28, 1), 10, (32, 64, 128)))
        self.classifier = networks.instantiate(described, seed=0)
        weights = CACHE / "judge.safetensors"
        if weights.exists():
            arrays = load_file(weights)
            for variable in self.classifier.weights:
                variable.assign(arrays[variable.path])
        else:
            train_classifier(self.classifier, self.train_images, train_labels, 6, 128, 3e-3, seed=0)
            CACHE.mkdir(exist_ok=True)
            save_file({variable.path: np.array(variable) for variable in self.classifier.weights}, weights)
        features, classes = extract(self.classifier, test_images, BATCH_SIZE)
        self.accuracy = float(np.mean(classes == test_labels))
        self.reference: FeatureStatistics = feature_statistics(features)

    def score_images(self, images: np.ndarray) -> float:
        """Fréchet distance of (N, 28, 28, 1) uint8 to the test images."""
        features, _ = extract(self.classifier, images, BATCH_SIZE)
        return frechet_distance_from_statistics(feature_statistics(features), self.reference)

    def score_generator(self, generator: keras.Model, seed: int = 12345) -> float:
        """Fréchet distance of NUM_SAMPLES fresh samples to the test images."""
        return self.score_images(sample_images(generator, NUM_SAMPLES, BATCH_SIZE, seed))


def newest_generator() -> Path:
    """The last generator that the project exported."""
    return max(Path("data/06_models/generator.keras").glob("*/generator.keras"))


def main() -> None:
    """Print the score of a generator, and of real training images, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files")
    parser.add_argument("--generator", type=Path, help="a .keras file; the newest export by default")
    arguments = parser.parse_args()
    judge = Judge(arguments.mnist)
    generator = keras.models.load_model(arguments.generator or newest_generator(), compile=False)
    chosen = np.random.default_rng(0).choice(len(judge.train_images), NUM_SAMPLES, replace=False)
    scores = {
        "classifier_accuracy": judge.accuracy,
        "frechet_distance_real_images": judge.score_images(judge.train_images[chosen]),
        "frechet_distance_generator": judge.score_generator(generator),
    }
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
