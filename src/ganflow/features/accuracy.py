"""How well these images can be told apart without any network: what a classifier that is of use has to reach."""

from __future__ import annotations

import numpy as np

from ganflow.data.images import ImageSet, evenly
from ganflow.metrics.motion import middle_frames

_MOST_TRAIN, _MOST_HELD_OUT = 5_000, 1_000
_LARGEST_SIDE = 32


def reachable_accuracy(train: ImageSet, held_out: ImageSet) -> float:
    """Share of held-out images whose nearest training image, pixel by pixel, is of their class, 0 to 1; less two standard errors.

    At most 5,000 training images and 1,000 held-out ones are taken, evenly over all, in blocks of pixels that leave at most 32 a side;
    of clips, the frame in the middle.

    Args:
        train: labelled images.
        held_out: labelled images.
    """
    from sklearn.neighbors import KNeighborsClassifier

    pixels, labels = _some(train, _MOST_TRAIN)
    others, wanted = _some(held_out, _MOST_HELD_OUT)
    named = KNeighborsClassifier(1, algorithm="brute").fit(pixels, labels).predict(others)
    share = float(np.mean(named == wanted))
    return max(0.0, share - 2 * (share * (1 - share) / len(wanted)) ** 0.5)


def _some(images: ImageSet, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat float32 pixels of some of the images, and their labels."""
    assert images.labels is not None  # noqa: S101 (asked by the caller)
    chosen = evenly(len(images), most)
    taken = images.images[chosen]
    pixels = (middle_frames(taken) if taken.ndim == 5 else taken).astype(np.float32)
    block = -(-max(pixels.shape[1:3]) // _LARGEST_SIDE)
    height, width = (size // block for size in pixels.shape[1:3])
    pixels = pixels[:, : height * block, : width * block]
    means = pixels.reshape(len(chosen), height, block, width, block, -1).mean(axis=(2, 4))
    return means.reshape(len(chosen), -1), images.labels[chosen]
