"""What images allow without a network: the share whose nearest training image is of their class, less two standard errors."""

import numpy as np
import pytest

from ganflow.data.images import ImageSet
from ganflow.features.accuracy import reachable_accuracy

NAMES = ("dark", "bright")


def flat(levels, labels, size=8):
    return ImageSet(np.repeat(np.uint8(levels), size * size).reshape(-1, size, size, 1), np.array(labels), NAMES)


def test_its_arithmetic_by_hand():
    train = flat([0, 10, 200, 250], [0, 0, 1, 1])
    # 90 is nearer to 10, and so dark, 120 nearer to 200, and so bright: the last of four is named wrongly
    held_out = flat([5, 90, 240, 120], [0, 0, 1, 0])
    assert reachable_accuracy(train, held_out) == pytest.approx(0.75 - 2 * (0.75 * 0.25 / 4) ** 0.5)
    assert reachable_accuracy(train, flat([5, 240], [0, 1])) == 1.0
    # never below 0, however few there are
    assert reachable_accuracy(train, flat([5, 240], [1, 1])) == 0.0


def test_large_images_are_seen_in_blocks_and_very_many_evenly(monkeypatch):
    monkeypatch.setattr("ganflow.features.accuracy._MOST_TRAIN", 3)
    # blocks of 3 × 3 pixels of 70 × 70; of six training images the first, third and last are taken
    train = flat([0, 99, 99, 99, 99, 250], [0, 1, 1, 0, 0, 1], size=70)
    assert reachable_accuracy(train, flat([3, 90, 251], [0, 1, 1], size=70)) == 1.0
