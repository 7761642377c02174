"""One picture of any size, mode and orientation to an array of the wanted height, width and channels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageOps

from ganflow.config.data import ImageGeometry
from ganflow.errors import ConfigurationError, DataError

MOST_PIXELS = 64_000_000
"""Of a picture that is decoded; more are taken for a decompression bomb. Cameras make up to 61 million, Pillow warns at 89 million."""

_REDUCING_GAP = 3.0
"""A large picture is first reduced by whole factors to no less than this multiple of the wanted size; Pillow calls 3 hardly visible."""

_WIDE_GREY = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def check_background(name: str) -> tuple[int, int, int]:
    """RGB, 0 to 255, of a colour.

    Raises:
        ConfigurationError: if Pillow does not know it, or it is transparent.
    """
    try:
        red, green, blue = ImageColor.getrgb(name)  # type: ignore[misc]
    except ValueError:  # unknown, or with a fourth value
        raise ConfigurationError(
            f"Got data.image.background {name!r}, expected a colour such as white, gray or '#ff8800'. Correct it."
        ) from None
    return red, green, blue


def fit(picture: Image.Image, geometry: ImageGeometry) -> np.ndarray:
    """Decode a picture that Pillow has opened, and bring it to size.

    Its first frame is taken; it is turned as its EXIF orientation says; what is transparent shows the background. Reductions are
    antialiased (bicubic over the whole area that becomes a pixel). Colour profiles are not applied.

    Args:
        picture: opened, of any mode.
        geometry: what is wanted.

    Returns:
        uint8 (H, W, C), 0 to 255.

    Raises:
        DataError: if it has too many pixels, or of a kind whose range is not known.
        Exception: whatever Pillow raises of a damaged picture.
    """
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise DataError(f"{width} × {height} pixels, more than {MOST_PIXELS // 10**6} million")
    mode = "L" if geometry.channels == 1 else "RGB"
    # a JPEG is decoded at ½, ¼ or ⅛ of its size where that is enough; both sides, since it may have to be turned
    gap = round(_REDUCING_GAP * max(geometry.height, geometry.width))
    picture.draft(mode, (gap, gap))
    picture = ImageOps.exif_transpose(picture)
    picture = _flatten(picture, check_background(geometry.background)).convert(mode)
    resized = _resize(picture, geometry)
    return np.asarray(resized).reshape(geometry.height, geometry.width, geometry.channels)


def _flatten(picture: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """The picture in L, RGB or a mode that Pillow converts to either without loss of meaning, and opaque."""
    if picture.mode in _WIDE_GREY:
        return _narrow(picture)
    if picture.mode == "F":
        raise DataError("floating-point pixels, whose range is not known; save it with 8 or 16 bits")
    if picture.has_transparency_data:
        opaque = Image.new("RGBA", picture.size, background)
        opaque.alpha_composite(picture.convert("RGBA"))
        return opaque.convert("RGB")
    return picture.convert("RGB") if picture.mode == "P" else picture


def _narrow(picture: Image.Image) -> Image.Image:
    """16-bit grey to 8 bits: 65,535 becomes 255."""
    wide = np.asarray(picture).astype(np.int64)
    if wide.min() < 0 or wide.max() > 65_535:
        raise DataError(f"grey values from {wide.min()} to {wide.max()}, expected 0 to 65,535")
    return Image.fromarray(((wide + 128) // 257).astype(np.uint8))


def _resize(picture: Image.Image, geometry: ImageGeometry) -> Image.Image:
    size = geometry.width, geometry.height
    width, height = picture.size
    if geometry.resize == "crop":
        scale = min(width / size[0], height / size[1])
        left, top = (width - scale * size[0]) / 2, (height - scale * size[1]) / 2
        box = (left, top, min(width, left + scale * size[0]), min(height, top + scale * size[1]))
        return picture.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=_REDUCING_GAP)
    if geometry.resize == "stretch":
        return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=_REDUCING_GAP)
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    padded = Image.new("RGB", size, check_background(geometry.background)).convert(picture.mode)
    padded.paste(
        picture.resize(inner, Image.Resampling.BICUBIC, reducing_gap=_REDUCING_GAP), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2)
    )
    return padded
