"""Moving pictures as WebP files.

The frames are encoded by Pillow, each as a picture of its own, and put together here: Pillow's own writer makes one frame of two that are
equal, takes longer, and its files of noisy clips are larger.

Source: RFC 9649, section 2 (the container).
"""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

FRAME_DURATION_MS = 100
"""Time that a frame of a clip is shown, unless a dataset says otherwise."""

LONGEST_MS = 2**24 - 1
"""That a frame can be shown."""

LONGEST_SIDE = 16_383
"""Of a picture, in pixels."""

LOSSLESS = {"lossless": True, "quality": 25, "method": 1}
"""More effort makes small pictures hardly smaller."""

_ANIMATED, _OPAQUE = 0x02, 0x02
"""Flags: of a file that it has frames; of a frame that it covers what was there before."""

_END = struct.Struct("<4sIII")
_END_NAME = b"SUMS"
"""Of the last chunk, which other readers pass over: channels, and the CRC-32 of all before it. WebP knows no grey and no checksum."""


def encode_moving(frames: np.ndarray, frame_duration_ms: int = FRAME_DURATION_MS, **options: Any) -> bytes:
    """Content of a WebP file that repeats for ever.

    Args:
        frames: uint8 (T, H, W, C), C 1 or 3, H and W up to LONGEST_SIDE.
        frame_duration_ms: time that a frame is shown, 1 to LONGEST_MS.
        options: Pillow's, for each frame; none for LOSSLESS.
    """
    height, width, num_channels = frames.shape[1:]
    with ThreadPoolExecutor() as threads:
        pictures = list(threads.map(lambda frame: encode_frame(frame, **(options or LOSSLESS)), frames))
    size = _three_bytes(width - 1) + _three_bytes(height - 1)
    begin = bytes(6) + size + _three_bytes(frame_duration_ms) + bytes([_OPAQUE])
    chunks = [_chunk(b"VP8X", bytes([_ANIMATED, 0, 0, 0]) + size), _chunk(b"ANIM", bytes(6))]
    # of each picture the chunk of pixels, without the header of its file
    chunks += [_chunk(b"ANMF", begin + picture[12:]) for picture in pictures]
    body = b"WEBP" + b"".join(chunks)
    whole = b"RIFF" + struct.pack("<I", len(body) + _END.size) + body
    return whole + _END.pack(_END_NAME, 8, num_channels, zlib.crc32(whole))


def decode_moving(content: bytes) -> np.ndarray:
    """Frames of a file that `encode_moving` made, uint8 (T, H, W, C); without loss, if it was made so.

    Raises:
        ValueError: if the file is truncated, or a byte of it is another.
    """
    whole, end = content[: -_END.size], content[-_END.size :]
    if len(end) < _END.size or not end.startswith(_END_NAME):
        raise ValueError("it is truncated, or another program wrote it")
    _, _, num_channels, checksum = _END.unpack(end)
    if zlib.crc32(whole) != checksum or num_channels not in (1, 3):
        raise ValueError("its checksum does not hold")
    frames = []
    with Image.open(io.BytesIO(content), formats=["WEBP"]) as picture:
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            frames.append(np.asarray(picture.convert("RGB"))[..., :num_channels])
    return np.stack(frames)


def encode_frame(pixels: np.ndarray, **options: Any) -> bytes:
    """Content of a WebP file of one picture.

    Args:
        pixels: uint8 (H, W, C), C 1 or 3.
        options: Pillow's.
    """
    # WebP knows no grey
    image = Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
    content = io.BytesIO()
    image.save(content, format="WEBP", **options)
    return content.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _three_bytes(number: int) -> bytes:
    return number.to_bytes(3, "little")
