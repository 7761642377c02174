"""Reader of the IDX format, the one MNIST is published in.

A file is two zero bytes, a byte for the element type, a byte for the rank, one big-endian uint32 per dimension, then the elements
in C order, big-endian too.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import math

import numpy as np

from ganflow.errors import DataError

ELEMENT_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAGIC_SIZE_BYTES = 4
DIMENSION_SIZE_BYTES = 4


def parse_idx(content: bytes, name: str) -> np.ndarray:
    """Array that the bytes of one IDX file describe.

    Args:
        content: the whole file, uncompressed.
        name: what to call the file in an error.

    Returns:
        Writable array in the byte order of this machine, of the shape and element type that the header states.

    Raises:
        DataError: if the magic number is wrong, or the header does not fit the number of bytes that follow it.
    """
    element_type, shape, header_size = _parse_header(content, name)
    expected_size = header_size + element_type.itemsize * math.prod(shape)
    if len(content) != expected_size:
        state = "is truncated" if len(content) < expected_size else "has trailing bytes"
        raise DataError(
            f"{name} {state}: got {len(content)} bytes, expected {expected_size} for {element_type.newbyteorder('=')} of shape "
            f"{shape}. Fetch the file again."
        )
    try:
        elements = np.frombuffer(content, dtype=element_type, offset=header_size).reshape(shape)
    except ValueError as error:  # an empty array may still state dimensions that NumPy cannot hold
        raise DataError(f"{name}: got an IDX header of shape {shape}, expected one that NumPy can hold. Fetch the file again.") from error
    return elements.astype(element_type.newbyteorder("="))


def _parse_header(content: bytes, name: str) -> tuple[np.dtype, tuple[int, ...], int]:
    """Element type, shape, and size of the header in bytes."""
    magic = content[:MAGIC_SIZE_BYTES]
    if len(magic) < MAGIC_SIZE_BYTES or magic[:2] != b"\0\0" or magic[2] not in ELEMENT_TYPES:
        codes = ", ".join(f"{code:02x}" for code in ELEMENT_TYPES)
        raise DataError(
            f"{name} is not an IDX file: got magic number {magic.hex(' ') or '(no bytes)'}, expected 00 00, a type of [{codes}], a rank. "
            f"Check that the file is the one you meant, and fetch it again."
        )
    rank = magic[3]
    header_size = MAGIC_SIZE_BYTES + DIMENSION_SIZE_BYTES * rank
    if len(content) < header_size:
        raise DataError(
            f"{name} is truncated: got {len(content)} bytes, expected a header of {header_size} for rank {rank}. Fetch the file again."
        )
    dimensions = np.frombuffer(content, dtype=">u4", count=rank, offset=MAGIC_SIZE_BYTES)
    return np.dtype(ELEMENT_TYPES[magic[2]]), tuple(int(size) for size in dimensions), header_size
