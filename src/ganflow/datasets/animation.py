"""Frames in an animated GIF file."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
from kedro_datasets._typing import ImagePreview
from PIL import Image

from ganflow.datasets.atomic import atomic_path
from ganflow.datasets.images import check_pixels, from_pillow, preview_image, to_pillow
from ganflow.datasets.local import LocalFileDataset
from ganflow.errors import ConfigurationError, DataError

# GIF has only palettes: without a note, a grey animation could not be told from an RGB one that happens to be grey
GREY_COMMENT = b"channels=1"
TRAILER = b";"


class AnimationDataset(LocalFileDataset[np.ndarray]):
    """Frames, uint8 (T, H, W, C), in a GIF file that repeats for ever.

    Grey (C 1) is exact. RGB (C 3) is reduced to 256 colours in each frame. Equal neighbours are one longer frame in the file, and T
    frames again when loaded with the same durations.

    Args:
        filepath: the file.
        frame_duration_ms: time that a frame is shown; GIF counts in steps of 10 ms.
        last_frame_duration_ms: time that the last frame is shown, at least as long.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if a duration is not a positive multiple of 10, or the last frame is shown for less time than the others.
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
        if not 0 < frame_duration_ms <= last_frame_duration_ms or frame_duration_ms % 10 or last_frame_duration_ms % 10:
            raise ConfigurationError(
                f"Got frame_duration_ms={frame_duration_ms} and last_frame_duration_ms={last_frame_duration_ms} for {filepath}, expected "
                f"positive multiples of 10, the last at least as long. Set them so."
            )
        self._frame_duration_ms = frame_duration_ms
        self._last_frame_duration_ms = last_frame_duration_ms

    def load(self) -> np.ndarray:
        """Read the frames, each as often as it is shown for `frame_duration_ms`.

        Raises:
            DataError: if the file is damaged.
        """
        content = self._filepath.read_bytes()
        try:
            if not content.endswith(TRAILER):
                raise ValueError("it is truncated")  # Pillow would return the frames before the damage
            frames, durations_ms = _decode(content)
        except Exception as error:  # for damaged files Pillow raises whatever it comes across
            raise DataError(
                f"{self._filepath} is no complete GIF file: {error}. Delete it, and run the node again that writes it."
            ) from error
        durations_ms[-1] -= self._last_frame_duration_ms - self._frame_duration_ms
        return np.repeat(frames, [max(1, round(duration / self._frame_duration_ms)) for duration in durations_ms], axis=0)

    def save(self, data: np.ndarray) -> None:
        """Replace the file.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        first, *others = [to_pillow(frame) for frame in check_pixels(data, rank=4)]
        content = io.BytesIO()
        first.save(
            content,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=[self._frame_duration_ms] * len(others) + [self._last_frame_duration_ms],
            loop=0,
            optimize=False,  # which makes such files larger, not smaller
            comment=GREY_COMMENT if data.shape[-1] == 1 else b"",
        )
        with atomic_path(self._filepath) as temporary:
            temporary.write_bytes(content.getvalue())

    def preview(self) -> ImagePreview:
        """The animation, for kedro-viz."""
        return preview_image(self._filepath)

    def _describe(self) -> dict[str, Any]:
        durations = {"frame_duration_ms": self._frame_duration_ms, "last_frame_duration_ms": self._last_frame_duration_ms}
        return {**super()._describe(), **durations}


def _decode(content: bytes) -> tuple[np.ndarray, list[int]]:
    """Frames as they are in the file, uint8 (T, H, W, C), and how long each is shown in ms."""
    frames, durations_ms = [], []
    with Image.open(io.BytesIO(content), formats=["GIF"]) as gif:
        mode = "L" if gif.info.get("comment") == GREY_COMMENT else "RGB"
        for index in range(getattr(gif, "n_frames", 1)):
            gif.seek(index)
            frames.append(from_pillow(gif.convert(mode)))
            durations_ms.append(int(gif.info.get("duration", 0)))
    return np.stack(frames), durations_ms
