"""The space in which generators are scored: a network that is made once for a set of images and then frozen."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import Fingerprint
from ganflow.data.images import ImageSet, evenly
from ganflow.errors import ConfigurationError, DataError
from ganflow.features.accuracy import reachable_accuracy
from ganflow.features.classifier import build_classifier, most_images, train_classifier
from ganflow.features.random_convolutions import build_random_convolutions, whiten
from ganflow.features.stored import ExtractorMetadata, FeatureExtractor, Origin, check_frozen, join_frames
from ganflow.metrics.report import FeatureSet
from ganflow.networks import architecture, instantiate
from ganflow.networks.compiled import CompiledNetwork, compile_network
from ganflow.runtime.hashing import hash_named_arrays

logger = logging.getLogger(__name__)

_CLASSIFIED_AT_ONCE = 500
"""Held-out images, or frames of clips, in one call; it bounds memory."""

_FRAMES_OF_A_CLIP = 4
"""That an extractor of frames is made of; neighbouring frames show the same thing nearly in the same place."""


@dataclass(frozen=True)
class ExtractorKind:
    """One way to turn images, or clips, into features.

    Attributes:
        needs_labels: whether it learns from labels; it then names classes too.
        build: from (H, W, C), or (T, H, W, C), and the number of classes to the network.
        fit: from the network, with the weights of `extractor.seed`, and training images to what it is frozen as, in place.
        parameters: those of the section `extractor` that decide its weights.
    """

    needs_labels: bool
    build: Callable[[tuple[int, ...], int], keras.Model]
    fit: Callable[[keras.Model, ImageSet, ExtractorParameters], None]
    parameters: tuple[str, ...]


EXTRACTORS: dict[str, ExtractorKind] = {
    "classifier": ExtractorKind(True, build_classifier, train_classifier, ("epochs", "batch_size", "learning_rate", "seed")),
    "random_convolutions": ExtractorKind(False, build_random_convolutions, whiten, ("seed",)),
}


def obtain_feature_extractor(
    stored: dict[str, Any], train: ImageSet, held_out: ImageSet, data_fingerprint: Fingerprint, parameters: ExtractorParameters
) -> FeatureExtractor:
    """Take the stored extractor if it was made of these images with these settings; else make it, once; of clips, with one of their frames.

    Args:
        stored: what the file holds: {} if there is none, perhaps something of another project.
        train: training images.
        held_out: images to measure a classifier's accuracy on.
        data_fingerprint: of both.
        parameters: which extractor, and how it is made.

    Raises:
        ConfigurationError: if the extractor is unknown, or needs labels where there are none.
        CheckpointError: if the stored weights are not those that were frozen.
        DataError: if a classifier knows the images less well than it should.
    """
    name = choose_extractor(parameters.name, has_labels=bool(data_fingerprint["class_names"]))
    origin = _origin(name, len(train), data_fingerprint, parameters)
    if stored and stored["metadata"].get("origin") == origin:
        extractor = cast("FeatureExtractor", stored)
        check_frozen(extractor)
    else:
        extractor = _make(EXTRACTORS[name], train, held_out, origin, parameters)
    _check_accuracy(extractor["metadata"], parameters.minimum_accuracy)
    if not EXTRACTORS[name].needs_labels:
        logger.info("The extractor %s names no classes: all that is asked about classes is left out.", name)
    return extractor


def choose_extractor(name: str, has_labels: bool) -> str:
    """The extractor that is meant; `auto` is the classifier where there are labels, and random convolutions where there are none.

    Raises:
        ConfigurationError: if it is unknown, or needs labels where there are none.
    """
    if name == "auto":
        return "classifier" if has_labels else "random_convolutions"
    if name not in EXTRACTORS:
        raise ConfigurationError(f"Unknown extractor {name!r}: known are {['auto', *EXTRACTORS]}. Set extractor.name to one of them.")
    if EXTRACTORS[name].needs_labels and not has_labels:
        raise ConfigurationError(
            f"Got extractor.name '{name}', which needs labels, for images without any. Set extractor.name to auto or random_convolutions, "
            "or give labels (data.location)."
        )
    return name


def _origin(name: str, num_train: int, data_fingerprint: Fingerprint, parameters: ExtractorParameters) -> Origin:
    image_shape = tuple(data_fingerprint["image_shape"])
    kind = EXTRACTORS[name]
    origin: Origin = {
        "name": name,
        "data": data_fingerprint["sha256"],
        "architecture": architecture(kind.build(image_shape, len(data_fingerprint["class_names"]))),
        "parameters": {key: getattr(parameters, key) for key in kind.parameters},
    }
    if kind.needs_labels and num_train > most_images(image_shape):
        origin["num_images"] = most_images(image_shape)
    if len(image_shape) == 4:
        of_frames: Fingerprint = {**data_fingerprint, "image_shape": list(image_shape[1:])}
        origin["frames"] = _origin(name, 0, of_frames, parameters)
    return origin


def _make(kind: ExtractorKind, train: ImageSet, held_out: ImageSet, origin: Origin, parameters: ExtractorParameters) -> FeatureExtractor:
    network = instantiate(origin["architecture"], parameters.seed)
    kind.fit(network, train, parameters)
    arrays = {variable.path: np.array(variable) for variable in network.weights}
    made: FeatureExtractor = {"arrays": arrays, "metadata": {"origin": origin, "sha256": hash_named_arrays(arrays)}}
    if kind.needs_labels:
        length = train.images.shape[1] if train.images.ndim == 5 else 1
        named = Extractor(made, max(1, _CLASSIFIED_AT_ONCE // length))(held_out.images).labels
        made["metadata"]["accuracy"] = float(np.mean(named == held_out.labels))
        made["metadata"]["least_accuracy"] = reachable_accuracy(train, held_out)
    if "frames" not in origin:
        return made
    return join_frames(made, _make(kind, _some_frames(train), _some_frames(held_out), origin["frames"], parameters))


def _some_frames(clips: ImageSet) -> ImageSet:
    """A few frames of each of some clips, as images of the clip's class."""
    chosen = evenly(len(clips), most_images(clips.images.shape[1:]))
    times = evenly(clips.images.shape[1], _FRAMES_OF_A_CLIP)
    frames = clips.images[chosen][:, times]
    labels = None if clips.labels is None else np.repeat(clips.labels[chosen], len(times))
    return ImageSet(frames.reshape(-1, *frames.shape[2:]), labels, clips.class_names)


def _check_accuracy(metadata: ExtractorMetadata, minimum: float | None, what: str = "images") -> None:
    """Refuse features of a classifier that does not know the images, before anything is trained that they judge."""
    if "accuracy" not in metadata:
        return
    accuracy, least = metadata["accuracy"], metadata["least_accuracy"] if minimum is None else minimum
    why = f"which the nearest training {what[:-1]} reaches, pixel by pixel" if minimum is None else "extractor.minimum_accuracy"
    if accuracy < least:
        raise DataError(
            f"The classifier names {accuracy:.1%} of the held-out {what} rightly; scores in its features need at least {least:.1%}, {why}. "
            "Raise extractor.epochs, lower extractor.minimum_accuracy, or set extractor.name=random_convolutions."
        )
    logger.info("The classifier names %.1f %% of the held-out %s rightly; at least %.1f %% is needed.", 100 * accuracy, what, 100 * least)
    if "frames" in metadata:
        _check_accuracy(metadata["frames"], minimum, "frames")


class Extractor:
    """A stored extractor, compiled once for many calls."""

    def __init__(self, stored: FeatureExtractor, batch_size: int) -> None:
        """Build the network; it takes `batch_size` images in one call, which bounds memory."""
        origin = stored["metadata"]["origin"]
        network = instantiate(origin["architecture"])
        for variable in network.weights:
            variable.assign(stored["arrays"][variable.path])
        self._names_classes = EXTRACTORS[origin["name"]].needs_labels
        self._network = network
        self._run: CompiledNetwork[Any] = compile_network(network, self._describe, batch_size, tf.uint8)

    def __call__(self, images: np.ndarray) -> FeatureSet:
        """Features of (N, H, W, C) uint8 images or (N, T, H, W, C) clips, (N, FEATURE_WIDTH) float32, and the classes it names."""
        return FeatureSet(*self._run(images)) if self._names_classes else FeatureSet(self._run(images))

    def _describe(self, pixels: tf.Tensor) -> Any:
        outputs = self._network(tf.cast(pixels, tf.float32) / 255, training=False)
        if not self._names_classes:
            return outputs
        features, logits = outputs[:2]
        return features, tf.argmax(logits, axis=1)
