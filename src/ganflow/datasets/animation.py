"""Frames in an animated PNG file."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
from kedro_datasets._typing import ImagePreview
from PIL import Image

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.images import ONE, check_pixels, from_pillow, preview_image, to_pillow
from ganflow.datasets.local import LocalFileDataset
from ganflow.errors import ConfigurationError, DataError

END = b"IEND\xaeB`\x82"
"""How every complete PNG file ends."""

_LONGEST_MS = 65_535


class AnimationDataset(LocalFileDataset[np.ndarray]):
    """Frames, uint8 (T, H, W, C), C 1 or 3, in an animated PNG file that repeats for ever; nothing is lost.

    Args:
        filepath: the file.
        frame_duration_ms: time that a frame is shown.
        last_frame_duration_ms: time that the last frame is shown.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if a duration is below 1 ms or above 65,535.
    Source: the PNG specification, third edition, section "Animation information".
    """

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        frame_duration_ms: int = 100,
        last_frame_duration_ms: int = 1500,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, metadata)
        if not all(0 < duration <= _LONGEST_MS for duration in (frame_duration_ms, last_frame_duration_ms)):
            raise ConfigurationError(
                f"Got frame_duration_ms={frame_duration_ms} and last_frame_duration_ms={last_frame_duration_ms} for {filepath}, expected "
                f"1 to {_LONGEST_MS}. Set them so."
            )
        self._frame_duration_ms = frame_duration_ms
        self._last_frame_duration_ms = last_frame_duration_ms

    def load(self) -> np.ndarray:
        """Read the frames.

        Raises:
            DataError: if the file is damaged.
        """
        content = self._filepath.read_bytes()
        try:
            if not content.endswith(END):
                raise ValueError("it is truncated")  # Pillow would return the frames before the damage
            return _decode(content)
        except Exception as error:  # for damaged files Pillow raises whatever it comes across
            raise DataError(
                f"{self._filepath} is no complete animated PNG file: {error}. Delete it, and run the node again that writes it."
            ) from error

    def save(self, data: np.ndarray) -> None:
        """Replace the file.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        first, *others = [to_pillow(frame) for frame in check_pixels(data, {4: ONE[4]})]
        content = io.BytesIO()
        first.save(
            content,
            format="PNG",
            save_all=True,
            append_images=others,
            duration=[self._frame_duration_ms] * len(others) + [self._last_frame_duration_ms],
            loop=0,
            # of opaque frames, both ways to draw one over another are the same; taken in turn, they keep Pillow from making one frame of
            # two that are equal
            blend=[number % 2 for number in range(len(data))],
        )
        with atomic_path(self._filepath) as temporary:
            temporary.write_bytes(content.getvalue())

    def preview(self) -> ImagePreview:
        """The animation, for kedro-viz."""
        return preview_image(self._filepath)

    def _describe(self) -> dict[str, Any]:
        durations = {"frame_duration_ms": self._frame_duration_ms, "last_frame_duration_ms": self._last_frame_duration_ms}
        return {**super()._describe(), **durations}


def _decode(content: bytes) -> np.ndarray:
    """Frames, uint8 (T, H, W, C)."""
    frames = []
    with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            picture.load()
            frames.append(from_pillow(picture))
    return np.stack(frames)
