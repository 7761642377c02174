"""The IDX reader: what is written comes back, and whatever else is given ends in a DataError."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from ganflow.data.sources.idx import parse_idx
from ganflow.errors import DataError

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda dtype: npst.arrays(dtype=np.dtype(dtype), shape=npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@given(arrays)
def test_what_is_written_comes_back(array: np.ndarray) -> None:
    parsed = parse_idx(idx_bytes(array), "file")
    assert parsed.dtype == array.dtype
    assert parsed.dtype.isnative
    np.testing.assert_array_equal(parsed, array, strict=True)


def test_bytes_are_big_endian() -> None:
    # int16, rank 2, shape (1, 2): 0x0102 = 1·256 + 2 = 258, 0xfffe = 2¹⁶ − 2 in two's complement = −2
    content = bytes([0, 0, 0x0B, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xFF, 0xFE])
    assert parse_idx(content, "file").tolist() == [[258, -2]]


def test_the_array_can_be_written_to() -> None:
    parsed = parse_idx(idx_bytes(np.zeros(3, dtype=np.uint8)), "file")
    parsed[0] = 7
    assert parsed.tolist() == [7, 0, 0]


@given(arrays, st.data())
def test_every_cut_is_an_error(array: np.ndarray, data: st.DataObject) -> None:
    content = idx_bytes(array)
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataError, match=r"truncated|not an IDX file"):
        parse_idx(content[:length], "file")


def test_a_cut_in_the_elements_states_both_lengths() -> None:
    # 4 + 4·2 bytes of header and 2·3 elements = 18
    content = idx_bytes(np.zeros((2, 3), dtype=np.uint8))
    with pytest.raises(DataError, match=r"digits is truncated: got 17 bytes, expected 18 for uint8 of shape \(2, 3\)"):
        parse_idx(content[:-1], "digits")


def test_a_cut_in_the_header_states_both_lengths() -> None:
    content = idx_bytes(np.zeros((2, 3), dtype=np.uint8))
    with pytest.raises(DataError, match="got 9 bytes, expected a header of 12 for rank 2"):
        parse_idx(content[:9], "digits")


def test_trailing_bytes_are_an_error() -> None:
    content = idx_bytes(np.zeros((2, 3), dtype=np.uint8))
    with pytest.raises(DataError, match="digits has trailing bytes: got 20 bytes, expected 18"):
        parse_idx(content + b"ab", "digits")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", r"\(no bytes\)"),
        (b"\0\0\x08", "00 00 08"),
        (b"<!DOCTYPE html>", "3c 21 44 4f"),
        (b"\0\0\x0a\x01\0\0\0\0", "00 00 0a 01"),  # 0x0A names no element type
        (b"\0\x01\x08\x01\0\0\0\0", "00 01 08 01"),
    ],
)
def test_a_wrong_magic_number_is_shown(content: bytes, got: str) -> None:
    with pytest.raises(DataError, match=f"digits is not an IDX file: got magic number {got}, expected 00 00"):
        parse_idx(content, "digits")


@given(st.binary(max_size=40).map(lambda rest: b"\0\0\x08" + rest))
@example(b"\0\0\x08\x03" + b"\0\0\0\0" + b"\xff" * 8)  # no element, yet dimensions too large for NumPy
@example(b"\0\0\x08\xff" + b"\0" * 4 * 255)  # rank 255, more than NumPy's
def test_arbitrary_bytes_give_an_array_or_a_data_error(content: bytes) -> None:
    try:
        parsed = parse_idx(content, "file")
    except DataError:
        return
    assert idx_bytes(parsed) == content
