"""Animated WebP: every frame comes back as it was, and no damage goes unseen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from ganflow.reporting.webp import FRAME_DURATION_MS, decode_moving, encode_moving

clips = npst.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3])))


@settings(max_examples=40)
@given(clips, st.integers(1, 3))
def test_every_clip_comes_back_grey_or_colour_equal_frames_or_not(clip, repeats):
    frames = np.repeat(clip, repeats, axis=0)
    found = decode_moving(encode_moving(frames))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, frames)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_colour_that_happens_to_be_grey_stays_colour(level):
    frames = np.full((2, 4, 4, 3), level, np.uint8)
    np.testing.assert_array_equal(decode_moving(encode_moving(frames)), frames)


@pytest.mark.parametrize(("options", "duration"), [((), FRAME_DURATION_MS), ((40,), 40)])
def test_another_reader_finds_every_frame_for_its_time_and_repeats(options, duration):
    frames = np.zeros((5, 6, 7, 1), np.uint8)
    frames[3:] = 200
    with Image.open(io.BytesIO(encode_moving(frames, *options))) as picture:
        assert (picture.size, picture.n_frames, picture.info["loop"]) == ((7, 6), 5, 0)
        shown = []
        for index in range(5):
            picture.seek(index)
            picture.load()
            shown.append((picture.info["timestamp"], picture.info["duration"], picture.convert("L").getpixel((0, 0))))
    # five frames, of which Pillow itself would have made two
    assert shown == [(duration * index, duration, 200 if index >= 3 else 0) for index in range(5)]


def test_a_file_cut_off_anywhere_or_with_another_byte_anywhere_is_told_as_such():
    content = encode_moving(np.random.default_rng(0).integers(0, 256, (2, 3, 4, 1), dtype=np.uint8))
    for place in range(len(content)):
        with pytest.raises(ValueError, match="truncated|checksum"):
            decode_moving(content[:place])
        # the size of the last chunk says nothing that is not known
        if place // 4 != (len(content) - 12) // 4:
            with pytest.raises(ValueError, match="truncated|checksum"):
                decode_moving(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])


def test_a_file_of_another_program_is_told_as_such():
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, format="WEBP", lossless=True)
    with pytest.raises(ValueError, match="another program wrote it"):
        decode_moving(content.getvalue())


def test_losses_make_a_noisy_clip_smaller():
    frames = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    lossy = encode_moving(frames, lossless=False, quality=20)
    # three frames of 64 · 64 · 3 random bytes cannot be held in fewer without losses
    assert len(lossy) < frames.size / 4 < frames.size <= len(encode_moving(frames))
    assert decode_moving(lossy).shape == frames.shape
