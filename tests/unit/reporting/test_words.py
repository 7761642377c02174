"""Quantities as people say them."""

import pytest

from ganflow.reporting.words import duration, storage


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7_169, "119 min"), (7_200, "2 h 0 min"), (12_000, "3 h 20 min")]
)
def test_durations_are_in_units_that_people_use(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("num_bytes", "words"), [(0, "0 MB"), (999_000_000, "999 MB"), (1_250_000_000, "1.2 GB"), (10**12, "1000.0 GB")])
def test_storage_is_in_units_that_people_use(num_bytes, words):
    assert storage(num_bytes) == words
