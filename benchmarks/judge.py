"""The judges of the README's quality figures: Fréchet distance of 10,000 samples to the 10,000 MNIST test images.

Two digit classifiers of different make, trained on the full MNIST training set, which no part of the project's own run sees. The
distance scales with the square of the features, and the two scales differ: read each beside its own floor (real training images)
and ceiling (noise). The classifiers are trained once and kept in `benchmarks/.cache/`.

    python benchmarks/judge.py --mnist FOLDER [--generator data/06_models/generator.keras/VERSION/generator.keras]
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from safetensors.numpy import load_file, save_file

from ganflow import networks
from ganflow.data.images import ImageSet
from ganflow.data.sources.published import MNIST
from ganflow.features.classifier import FEATURE_WIDTH, build_classifier, train_classifier
from ganflow.metrics.frechet import FeatureStatistics, feature_statistics, frechet_distance_from_statistics
from ganflow.networks.compiled import CompiledNetwork, compile_network
from ganflow.sampling.images import sample_images
from presets import read_extractor

CACHE = Path(__file__).parent / ".cache"
NUM_SAMPLES = 10_000
BATCH_SIZE = 500


def plain_classifier() -> keras.Model:
    """The network of Keras's own MNIST example, with a hidden layer: no normalization, dropout before and after the features."""
    hidden = inputs = keras.Input((28, 28, 1))
    for width in (32, 64):
        hidden = layers.MaxPooling2D(2)(layers.Conv2D(width, 3, activation="relu")(hidden))
    hidden = layers.Dropout(0.5)(layers.Flatten()(hidden))
    features = layers.Dense(FEATURE_WIDTH, activation="relu")(hidden)
    return keras.Model(inputs, [features, layers.Dense(10)(layers.Dropout(0.5)(features))])


def normalised_classifier() -> keras.Model:
    """The project's own extractor, twice as wide, with batch normalization."""
    return build_classifier((28, 28, 1), 10, (32, 64, 128))


CLASSIFIERS = {"plain": (plain_classifier, 10, 1.5e-3), "normalised": (normalised_classifier, 6, 3e-3)}
"""Name: network, epochs, peak learning rate."""


def compile_classifier(classifier: keras.Model) -> CompiledNetwork[tuple[np.ndarray, np.ndarray]]:
    """From (N, 28, 28, 1) uint8 images to features and classes."""

    def classify(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features, logits = classifier(tf.cast(pixels, tf.float32) / 255, training=False)
        return features, tf.argmax(logits, axis=1)

    return compile_network(classifier, classify, BATCH_SIZE, tf.uint8)


class Judge:
    """Scores images or generators against the MNIST test set, in the features of one classifier."""

    def __init__(self, mnist: str, kind: str) -> None:
        """Load MNIST from `mnist` and the classifier from the cache, training it if it is not there."""
        digits = MNIST.read(mnist)
        is_test = digits.is_held_out
        assert is_test is not None
        assert digits.labels is not None
        self.train_images, train_labels = digits.images[~is_test], digits.labels[~is_test]
        test_images, test_labels = digits.images[is_test], digits.labels[is_test]
        build, num_epochs, learning_rate = CLASSIFIERS[kind]
        self.classifier = networks.instantiate(networks.architecture(build()), seed=0)
        file = CACHE / f"judge_{kind}.safetensors"
        if file.exists():
            arrays = load_file(file)
            self.classifier.set_weights([arrays[f"{number:03d}"] for number in range(len(arrays))])
        else:
            changes = {"epochs": num_epochs, "batch_size": 128, "learning_rate": learning_rate, "seed": 0}
            names = tuple(str(digit) for digit in range(10))
            train_classifier(self.classifier, ImageSet(self.train_images, train_labels, names), read_extractor().model_copy(update=changes))
            CACHE.mkdir(exist_ok=True)
            save_file({f"{number:03d}": array for number, array in enumerate(self.classifier.get_weights())}, file)
        self.classify = compile_classifier(self.classifier)
        features, classes = self.classify(test_images)
        self.accuracy = float(np.mean(classes == test_labels))
        self.reference: FeatureStatistics = feature_statistics(features)

    def score_images(self, images: np.ndarray) -> float:
        """Fréchet distance of (N, 28, 28, 1) uint8 to the test images."""
        features, _ = self.classify(images)
        return frechet_distance_from_statistics(feature_statistics(features), self.reference)

    def score_generator(self, generator: keras.Model, seed: int = 12345) -> float:
        """Fréchet distance of NUM_SAMPLES fresh samples to the test images."""
        return self.score_images(sample_images(generator, NUM_SAMPLES, BATCH_SIZE, seed))


def newest_generator() -> Path:
    """The last generator that the project exported."""
    return max(Path("data/06_models/generator.keras").glob("*/generator.keras"))


def main() -> None:
    """Print the score of a generator, of real training images and of noise, by each judge, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True, help="folder with the four IDX files")
    parser.add_argument("--generator", type=Path, help="a .keras file; the newest export by default")
    arguments = parser.parse_args()
    generator = keras.models.load_model(arguments.generator or newest_generator(), compile=False)
    random = np.random.default_rng(0)
    scores = {}
    for kind in CLASSIFIERS:
        judge = Judge(arguments.mnist, kind)
        chosen = random.choice(len(judge.train_images), NUM_SAMPLES, replace=False)
        scores[kind] = {
            "classifier_accuracy": judge.accuracy,
            "frechet_distance_generator": judge.score_generator(generator),
            "frechet_distance_real_images": judge.score_images(judge.train_images[chosen]),
            "frechet_distance_noise": judge.score_images(random.integers(0, 256, (NUM_SAMPLES, 28, 28, 1), dtype=np.uint8)),
        }
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
