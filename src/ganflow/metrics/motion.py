"""How clips move, in numbers that tell moving clips from still ones, from frames in disorder and from noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganflow.errors import DataError

_VISIBLE = 0.1
"""What differs less than this from the background, in pixels from 0 to 1, is not counted as a part of what moves."""

KEPT_SHARE = 0.75
"""In how many of its frames a clip has to show one class, to count as one that keeps it: 12 of 16."""

INDEPENDENT_FRAMES = 0.5
"""Flicker of frames that have nothing to do with each other."""

NUM_DIRECTIONS = 4
"""That `directions` tells apart."""

_BLOCK_VALUES = 2**22
"""Pixels that are looked at in one go; it bounds memory."""


@dataclass(frozen=True, eq=False)
class Motion:
    """How each of N clips moves; pixels are in [0, 1].

    Attributes:
        energies: (N,), mean squared difference of consecutive frames: 0 for still clips.
        undone: (N,), mean product of a frame difference and the next, negative: what the next frame takes back.
        speeds: (N,), path of the centroid of what moves, in pixels per frame.
        unrest: (N,), standard deviation over time of the quietest quarter of the pixels, at most: 0 where there is a still background.
        frame_labels: (N, T), the class that a classifier names for each frame; None where none is named.
    """

    energies: np.ndarray
    undone: np.ndarray
    speeds: np.ndarray
    unrest: np.ndarray
    frame_labels: np.ndarray | None = None

    @property
    def energy(self) -> float:
        """Mean squared difference of consecutive frames, over all clips."""
        return float(self.energies.mean())

    @property
    def flicker(self) -> float:
        """Share of the frame differences, as energy, that the next frame undoes, 0 to 1.

        0 if the next one changes other pixels, or goes on in the same direction, as in steady motion; INDEPENDENT_FRAMES for
        frames that have nothing to do with each other; 1 for two frames in turn. 0 for still clips, and for clips of two frames.
        """
        return float(np.clip(self.undone.mean() / self.energies.mean(), 0, 1)) if self.energies.any() else 0.0


def measure_motion(clips: np.ndarray) -> Motion:
    """Measure every clip.

    Args:
        clips: (N, T, H, W, C) uint8.

    Raises:
        DataError: if they are no clips.

    Source: own definitions.
    """
    found = [_measure(block) for block in _blocks(clips)]
    return Motion(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _measure(clips: np.ndarray) -> tuple[np.ndarray, ...]:
    pixels = clips.astype(np.float32) / 255
    differences = np.diff(pixels, axis=1)
    axes = (1, 2, 3, 4)
    products = -differences[:, 1:] * differences[:, :-1]
    undone = products.mean(axis=axes) if products.size else np.zeros(len(clips))
    steps = np.diff(_centroids(pixels), axis=1)
    return (
        np.mean(differences**2, axis=axes),
        undone,
        # where nothing is seen to move there is no place, and no step
        np.nan_to_num(np.hypot(steps[..., 0], steps[..., 1])).mean(axis=1),
        np.quantile(pixels.std(axis=1).reshape(len(clips), -1), 0.25, axis=1),
    )


def directions(clips: np.ndarray) -> np.ndarray:
    """Where the centroid of what moves goes during the first half of each clip.

    Args:
        clips: (N, T, H, W, C) uint8.

    Returns:
        (N,) int64: 0 up and left, 1 up and right, 2 down and left, 3 down and right; 0 for clips that are still.

    Raises:
        DataError: if they are no clips.
    """
    return np.concatenate([_directions(block) for block in _blocks(clips)])


def _directions(clips: np.ndarray) -> np.ndarray:
    centroids = _centroids(clips.astype(np.float32) / 255)
    ways = np.nan_to_num(centroids[:, clips.shape[1] // 2] - centroids[:, 0])
    return 2 * (ways[:, 0] > 0).astype(np.int64) + (ways[:, 1] > 0)


def _centroids(pixels: np.ndarray) -> np.ndarray:
    """Row and column (N, T, 2) of the centroid of what differs from the clip's background; NaN in frames where nothing does.

    The background of a pixel is the darkest or the brightest value that it ever has: the one of both, for a whole clip, that leaves less
    to move. A median over time would take a thing for background where it stays for long.
    """
    edges = pixels.min(axis=1, keepdims=True), pixels.max(axis=1, keepdims=True)
    above, below = (np.mean(np.abs(pixels - edge), axis=4) for edge in edges)
    is_bright = above.mean(axis=(1, 2, 3)) <= below.mean(axis=(1, 2, 3))
    weights = np.where(is_bright[:, None, None, None], above, below)
    weights = np.where(weights < _VISIBLE, 0, weights).astype(np.float64)
    total = weights.sum(axis=(2, 3))
    total[total == 0] = np.nan
    places = [weights.sum(axis=other) @ np.arange(weights.shape[axis]) / total for axis, other in ((2, 3), (3, 2))]
    return np.stack(places, axis=2)


def kept_shares(frame_labels: np.ndarray) -> np.ndarray:
    """For each clip the share of its frames that show the class that it shows most often, (N,), 1 / T to 1.

    Args:
        frame_labels: (N, T), whole numbers from 0.
    """
    counts = [np.bincount(labels).max() for labels in frame_labels]
    return np.array(counts) / frame_labels.shape[1]


def motion_scores(real: Motion, motion: Motion) -> dict[str, float]:
    """How clips move, beside held-out real ones.

    Args:
        real: of held-out clips.
        motion: of the clips that are scored.

    Returns:
        `motion_energy` and `flicker`, see `Motion`; `speed` and `background_unrest`, medians over clips; `usual_speed_share`, of the clips
        that are as fast as the middle 90 % of real ones; where classes are named `kept_class_share`, of the clips that show one class in
        KEPT_SHARE of their frames at least, and `coherent_share`, of those that do both.
    """
    slowest, fastest = np.quantile(real.speeds, [0.05, 0.95])
    is_usual = (motion.speeds >= slowest) & (motion.speeds <= fastest)
    scores = {
        "motion_energy": motion.energy,
        "flicker": motion.flicker,
        "speed": float(np.median(motion.speeds)),
        "usual_speed_share": float(np.mean(is_usual)),
        "background_unrest": float(np.median(motion.unrest)),
    }
    if motion.frame_labels is not None:
        is_kept = kept_shares(motion.frame_labels) >= KEPT_SHARE
        scores |= {"kept_class_share": float(np.mean(is_kept)), "coherent_share": float(np.mean(is_kept & is_usual))}
    return scores


def shuffled(clips: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The frames of every clip in another order: what moves, moves no more as it did, while every frame is real.

    Args:
        clips: (N, T, H, W, C).
        random: which orders; none is the order that the frames had.
    """
    num, length = clips.shape[:2]
    orders = np.argsort(random.random((num, length)), axis=1)
    # in its own order with probability 1 / T!: such a clip begins one frame later instead
    same = (orders == np.arange(length)).all(axis=1)
    orders[same] = np.roll(np.arange(length), -1)
    return clips[np.arange(num)[:, None], orders]


def still(clips: np.ndarray) -> np.ndarray:
    """The frame in the middle of every clip, again and again: nothing moves, while every frame is real."""
    return np.repeat(middle_frames(clips)[:, None], clips.shape[1], axis=1)


def middle_frames(clips: np.ndarray) -> np.ndarray:
    """The frame in the middle of every clip, (N, H, W, C)."""
    return clips[:, clips.shape[1] // 2]


def _blocks(clips: np.ndarray) -> Iterator[np.ndarray]:
    if clips.ndim != 5 or clips.dtype != np.uint8 or clips.shape[1] < 2 or not len(clips):
        raise DataError(
            f"Got clips of shape {clips.shape} and type {clips.dtype}, expected uint8 of shape (N, T, H, W, C), two frames at least."
        )
    size = max(1, _BLOCK_VALUES // clips[0].size)
    for start in range(0, len(clips), size):
        yield clips[start : start + size]
