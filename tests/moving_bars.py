"""Clips of bars that move over a dark ground and bounce: small, and with a known truth."""

import numpy as np

LENGTH, SIZE = 8, 16


def moving_bars(num, seed=0, length=LENGTH, size=SIZE, speed=None):
    """Bright bars, 2 × 6 pixels, that move by whole pixels.

    Args:
        num: clips; those of odd number show vertical bars.
        seed: of places, velocities and brightness.
        length: frames of a clip.
        size: pixels a side.
        speed: pixels per frame and axis; None for 1 or 2, drawn for each.

    Returns:
        Clips (num, length, size, size, 1) uint8, and their classes (num,) int64: 0 horizontal, 1 vertical.
    """
    random = np.random.default_rng(seed)
    clips = np.zeros((num, length, size, size, 1), np.uint8)
    labels = np.arange(num) % 2
    for clip, label in zip(clips, labels, strict=True):
        extent = np.array([6, 2] if label else [2, 6])
        room = size - extent
        start, level = random.integers(0, room + 1), random.integers(150, 256)
        velocity = random.choice([-1, 1], 2) * (random.integers(1, 3, 2) if speed is None else speed)
        for time, frame in enumerate(clip):
            place = np.abs((start + time * velocity + room) % (2 * room) - room)
            (top, left), (height, width) = place, extent
            frame[top : top + height, left : left + width] = level
    return clips, labels.astype(np.int64)
