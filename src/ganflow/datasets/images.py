"""Images in PNG files: one of them, or a folder of many."""

from __future__ import annotations

import base64
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview
from PIL import Image

from ganflow.datasets.atomic import atomic_folder, atomic_path, stored_folder
from ganflow.datasets.local import LocalFileDataset, local_path
from ganflow.errors import DataError


def check_pixels(pixels: np.ndarray, rank: int) -> np.ndarray:
    """The pixels, if Pillow can encode them.

    Raises:
        DataError: if they are not uint8, of another rank, empty, or have neither 1 nor 3 channels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != rank or pixels.size == 0 or pixels.shape[-1] not in (1, 3):
        axes = {3: "(H, W, C)", 4: "(N, H, W, C)"}[rank]
        raise DataError(
            f"Got {pixels.dtype} pixels of shape {pixels.shape}, expected uint8 {axes}, none of them 0, C 1 or 3. "
            "Scale pixels to 0 … 255, round them, and convert them to uint8 first."
        )
    return pixels


def to_pillow(pixels: np.ndarray) -> Image.Image:
    """Pillow's view of uint8 (H, W, C): grey for one channel, RGB for three."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def from_pillow(image: Image.Image) -> np.ndarray:
    """Pixels of a grey or RGB image, uint8 (H, W, C)."""
    pixels = np.array(image)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def encode_png(pixels: np.ndarray) -> bytes:
    """Content of a PNG file.

    Args:
        pixels: uint8 (H, W, C), C 1 or 3.

    Raises:
        DataError: if they are anything else.
    """
    content = io.BytesIO()
    to_pillow(check_pixels(pixels, rank=3)).save(content, format="PNG")
    return content.getvalue()


def decode_png(file: Path) -> np.ndarray:
    """Pixels of a grey or RGB PNG file, uint8 (H, W, C).

    Raises:
        DataError: if it is damaged, or of another kind.
        FileNotFoundError: if there is none.
    """
    content = file.read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()
    except Exception as error:  # for damaged files Pillow raises whatever it comes across
        raise DataError(f"{file} is no complete PNG file: {error}. Delete it, and run the node again that writes it.") from error
    if image.mode not in ("L", "RGB"):
        raise DataError(f"Got mode {image.mode} in {file}, expected L or RGB. Convert it, or run the node again that writes it.")
    return from_pillow(image)


def preview_image(file: Path) -> ImagePreview:
    """The file as kedro-viz shows it: base64."""
    return ImagePreview(base64.b64encode(file.read_bytes()).decode("ascii"))


class ImageDataset(LocalFileDataset[np.ndarray]):
    """One image, uint8 (H, W, C), C 1 or 3, in a PNG file."""

    def __init__(self, *, filepath: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        super().__init__(filepath, metadata)

    def load(self) -> np.ndarray:
        """Read the image.

        Raises:
            DataError: if the file is damaged, or neither grey nor RGB.
        """
        return decode_png(self._filepath)

    def save(self, data: np.ndarray) -> None:
        """Replace the file.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        content = encode_png(data)
        with atomic_path(self._filepath) as temporary:
            temporary.write_bytes(content)

    def preview(self) -> ImagePreview:
        """The image, for kedro-viz."""
        return preview_image(self._filepath)


class ImageFolderDataset(AbstractDataset[np.ndarray, np.ndarray]):
    """Many images, uint8 (N, H, W, C), C 1 or 3, as `<path>/00000.png` and so on; the folder is replaced as a whole.

    Files of other names that a person has put there are ignored by `load`, and go with the folder at the next `save`.
    """

    def __init__(self, *, path: str | os.PathLike[str], metadata: dict[str, Any] | None = None) -> None:
        self._path = local_path(path)
        self.metadata = metadata

    def load(self) -> np.ndarray:
        """Read all images.

        Raises:
            DataError: if there are none, one is missing or damaged, or they are not of one shape.
        """
        found = self._files()
        names = [_file_name(index) for index in range(len(found))]
        if not found or found.keys() != set(names):
            raise DataError(f"Got {len(found)} images in {self._path}, expected 00000.png and so on without a gap. Save them again.")
        with ThreadPoolExecutor() as threads:
            images = list(threads.map(decode_png, (found[name] for name in names)))
        if len({image.shape for image in images}) > 1:
            raise DataError(f"Got images of several shapes in {self._path}, expected one. Save them again.")
        return np.stack(images)

    def save(self, data: np.ndarray) -> None:
        """Replace the folder. The images are encoded by several threads, as Pillow lets them.

        Raises:
            DataError: if the pixels are of another dtype or shape.
        """
        check_pixels(data, rank=4)
        with atomic_folder(self._path) as temporary, ThreadPoolExecutor() as threads:
            list(threads.map(lambda index: (temporary / _file_name(index)).write_bytes(encode_png(data[index])), range(len(data))))

    def _files(self) -> dict[str, Path]:
        """{name: file} of those that `save` has written, in no order."""
        folder = stored_folder(self._path)
        files = folder.iterdir() if folder else ()
        return {file.name: file for file in files if re.fullmatch(r"[0-9]{5,}\.png", file.name)}

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix()}

    def _exists(self) -> bool:
        return bool(self._files())


def _file_name(index: int) -> str:
    return f"{index:05d}.png"
