"""Images in PNG files and clips in animated WebP files: one of them, or a folder of many. The rank of the pixels decides."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview
from PIL import Image

from ganflow.datasets.atomic import atomic_folder, atomic_path, stored_folder
from ganflow.datasets.local import LocalFileDataset, local_path
from ganflow.errors import ConfigurationError, DataError
from ganflow.reporting.webp import FRAME_DURATION_MS, LONGEST_MS, LONGEST_SIDE, decode_moving, encode_moving

SUFFIX, CLIP_SUFFIX = ".png", ".webp"
"""Of the file of an image, and of a clip."""

ONE = {3: "(H, W, C)", 4: "(T, H, W, C)"}
MANY = {4: "(N, H, W, C)", 5: "(N, T, H, W, C)"}
"""Axes by rank."""


def check_pixels(pixels: np.ndarray, expected: Mapping[int, str]) -> np.ndarray:
    """The pixels, if Pillow can encode them.

    Args:
        pixels: to be stored.
        expected: {rank: names of the axes}.

    Raises:
        DataError: if they are not uint8, of another rank, empty, or have neither 1 nor 3 channels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in expected or pixels.size == 0 or pixels.shape[-1] not in (1, 3):
        raise DataError(
            f"Got {pixels.dtype} pixels of shape {pixels.shape}, expected uint8 {' or '.join(expected.values())}, none of them 0, "
            "C 1 or 3. Scale pixels to 0 … 255, round them, and convert them to uint8 first."
        )
    return pixels


def check_duration(frame_duration_ms: int, place: str | os.PathLike[str]) -> int:
    """The time that a frame is shown, if WebP knows it.

    Raises:
        ConfigurationError: if not.
    """
    if not 0 < frame_duration_ms <= LONGEST_MS:
        raise ConfigurationError(f"Got frame_duration_ms={frame_duration_ms} for {place}, expected 1 to {LONGEST_MS}. Set it so.")
    return frame_duration_ms


def to_pillow(pixels: np.ndarray) -> Image.Image:
    """Pillow's view of uint8 (H, W, C): grey for one channel, RGB for three."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def from_pillow(image: Image.Image) -> np.ndarray:
    """Pixels of a grey or RGB image, uint8 (H, W, C)."""
    pixels = np.array(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def encode(pixels: np.ndarray, frame_duration_ms: int = FRAME_DURATION_MS) -> tuple[str, bytes]:
    """Suffix and content of a PNG file, or of an animated WebP file; nothing is lost.

    Args:
        pixels: uint8 (H, W, C) or (T, H, W, C), C 1 or 3.
        frame_duration_ms: time that a frame is shown.

    Raises:
        DataError: if they are anything else, or a clip has a longer side than WebP knows.
    """
    if check_pixels(pixels, ONE).ndim == 4:
        if max(pixels.shape[1:3]) > LONGEST_SIDE:
            raise DataError(f"Got a clip of shape {pixels.shape}, expected {LONGEST_SIDE} pixels a side at most. Put fewer on a sheet.")
        return CLIP_SUFFIX, encode_moving(pixels, frame_duration_ms)
    content = io.BytesIO()
    to_pillow(pixels).save(content, format="PNG")
    return SUFFIX, content.getvalue()


def decode(file: Path) -> np.ndarray:
    """Pixels of a grey or RGB PNG file, uint8 (H, W, C), or of a clip that `encode` made, (T, H, W, C).

    Raises:
        DataError: if the file is damaged, or of another kind.
        FileNotFoundError: if there is none.
    """
    content = file.read_bytes()
    is_clip = content.startswith(b"RIFF")
    try:
        return decode_moving(content) if is_clip else _decode_png(content, file)
    except DataError:
        raise
    except Exception as error:  # for damaged files Pillow raises whatever it comes across
        kind = "animated WebP" if is_clip else "PNG"
        raise DataError(f"{file} is no complete {kind} file: {error}. Delete it, and run the node again that writes it.") from error


def _decode_png(content: bytes, file: Path) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        image.load()
    if image.mode not in ("L", "RGB"):
        raise DataError(f"Got mode {image.mode} in {file}, expected L or RGB. Convert it, or run the node again that writes it.")
    return from_pillow(image)


def preview_image(file: Path) -> ImagePreview:
    """The file as kedro-viz shows it: base64. It says of all of them that they are PNG; browsers look at the content of an image."""
    return ImagePreview(base64.b64encode(file.read_bytes()).decode("ascii"))


class ImageDataset(LocalFileDataset[np.ndarray]):
    """One image, uint8 (H, W, C), C 1 or 3, in a PNG file; or one clip, (T, H, W, C), in an animated WebP file that repeats for ever.

    Args:
        filepath: of an image; a clip has the suffix `.webp` instead.
        frame_duration_ms: time that a frame of a clip is shown.
        missing_ok: that there may be nothing: pixels of size 0 are saved as no file, and no file is loaded as such.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if the duration is below 1 ms or above 16,777,215.
    """

    def __init__(
        self,
        *,
        filepath: str | os.PathLike[str],
        frame_duration_ms: int = FRAME_DURATION_MS,
        missing_ok: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, metadata)
        self._frame_duration_ms = check_duration(frame_duration_ms, filepath)
        self._missing_ok = missing_ok

    @property
    def stored(self) -> Path:
        """The file: that of an image or that of a clip, whichever was saved last."""
        found = [file for file in self._files().values() if file.is_file()]
        return max(found, key=lambda file: file.stat().st_mtime_ns, default=self._filepath)

    def load(self) -> np.ndarray:
        """Read the pixels.

        Raises:
            DataError: if the file is damaged, or neither grey nor RGB.
        """
        if self._missing_ok and not self._exists():
            return np.empty((0, 0, 0), np.uint8)
        return decode(self.stored)

    def save(self, data: np.ndarray) -> None:
        """Replace the file.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        kept = None
        if data.size or not self._missing_ok:
            suffix, content = encode(data, self._frame_duration_ms)
            kept = self._files()[suffix]
            with atomic_path(kept) as temporary:
                temporary.write_bytes(content)
        for file in self._files().values():
            if file != kept:
                file.unlink(missing_ok=True)

    def preview(self) -> ImagePreview:
        """The image or clip, for kedro-viz; nothing where there may be nothing."""
        return ImagePreview("") if self._missing_ok and not self._exists() else preview_image(self.stored)

    def _files(self) -> dict[str, Path]:
        """{suffix: file}, of an image, which may have another name, and of a clip."""
        return {SUFFIX: self._filepath, CLIP_SUFFIX: self._filepath.with_suffix(CLIP_SUFFIX)}

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "frame_duration_ms": self._frame_duration_ms, "missing_ok": self._missing_ok}

    def _exists(self) -> bool:
        return self.stored.is_file()


class ImageFolderDataset(AbstractDataset[np.ndarray, np.ndarray]):
    """Many images, uint8 (N, H, W, C), C 1 or 3, as `<path>/00000.png` and so on, or clips, (N, T, H, W, C), as `00000.webp` and so on.

    The folder is replaced as a whole. Files of other names that a person has put there are ignored by `load`, and go with the folder at
    the next `save`.

    Args:
        path: the folder.
        frame_duration_ms: time that a frame of a clip is shown.
        metadata: for Kedro's plugins.

    Raises:
        ConfigurationError: if the duration is below 1 ms or above 16,777,215.
    """

    def __init__(
        self, *, path: str | os.PathLike[str], frame_duration_ms: int = FRAME_DURATION_MS, metadata: dict[str, Any] | None = None
    ) -> None:
        self._path = local_path(path)
        self._frame_duration_ms = check_duration(frame_duration_ms, path)
        self.metadata = metadata

    def load(self) -> np.ndarray:
        """Read all images or clips.

        Raises:
            DataError: if there are none, one is missing or damaged, or they are not of one shape.
        """
        found = self._files()
        if not found or found.keys() != set(range(len(found))):
            raise DataError(
                f"Got {len(found)} images in {self._path}, expected 00000.png (of clips .webp) and so on without a gap. Save them again."
            )
        with ThreadPoolExecutor() as threads:
            images = list(threads.map(decode, (found[index] for index in range(len(found)))))
        if len({image.shape for image in images}) > 1:
            raise DataError(f"Got images of several shapes in {self._path}, expected one. Save them again.")
        return np.stack(images)

    def save(self, data: np.ndarray) -> None:
        """Replace the folder. The images are encoded by several threads, as Pillow lets them.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        check_pixels(data, MANY)
        with atomic_folder(self._path) as temporary, ThreadPoolExecutor() as threads:
            list(threads.map(lambda index: self._write(temporary / f"{index:05d}", data[index]), range(len(data))))

    def _write(self, file: Path, pixels: np.ndarray) -> None:
        suffix, content = encode(pixels, self._frame_duration_ms)
        file.with_suffix(suffix).write_bytes(content)

    def _files(self) -> dict[int, Path]:
        """{index: file} of those that `save` has written, in no order."""
        folder = stored_folder(self._path)
        files = folder.iterdir() if folder else ()
        return {int(file.stem): file for file in files if re.fullmatch(r"([0-9]{5}|[1-9][0-9]{5,})\.(png|webp)", file.name)}

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "frame_duration_ms": self._frame_duration_ms}

    def _exists(self) -> bool:
        return bool(self._files())
