"""A session continues, watches and saves in order, whoever watches. What stops it is tested with its node and the real doctor."""

import pandas as pd
import pytest

from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError
from ganflow.training.session import Session
from ganflow.training.streams import STREAMED

RUN = "r" * 12


class Recorder:
    """Watches a run, and is its doctor: finds nothing, and calls every other row the best."""

    def __init__(self, earlier=()):
        self.rows = list(earlier)

    @property
    def doctor(self):
        return self

    @property
    def step(self):
        return int(self.rows[-1]["step"]) if self.rows else 0

    def observe(self, history, sheet, arrays):
        assert sheet.shape[1:] == (8, 8, 1)
        assert int(arrays["step"]) == history["step"]
        row = history | {"kernel_distance": 1.0 / history["step"]}
        self.rows.append(row)
        return row

    def is_best(self):
        return len(self.rows) % 2 == 1

    def serious(self):
        return []

    def diagnosis(self):
        return {"step": self.step}


@pytest.fixture(scope="module")
def begin(images, architectures, training_parameters):
    """Function that makes a session, of steps 0, 3, 6 and 8, and its watchers as they come."""

    def make():
        watchers = []

        def watch(earlier):
            watchers.append(Recorder(earlier))
            return watchers[-1]

        return Session(RUN, ImageSet(images), *architectures, training_parameters, watch), watchers

    return make


@pytest.fixture(scope="module")
def whole(begin):
    """All chunks of a run that nothing befalls."""
    session, _ = begin()
    return tuple(session.run({}, None))


def saved(chunks, name):
    """What was saved of one output, by step."""
    return {step: value for chunk in chunks for step, value in chunk[name].get(RUN, {}).items()}


def as_series(chunks):
    return {step: (lambda value=value: value) for step, value in saved(chunks, "checkpoints").items()}


def test_every_chunk_has_every_output_and_a_checkpoint_is_never_ahead_of_its_records(whole):
    assert [list(chunk) for chunk in whole] == [list(STREAMED)] * 5
    # the beginning saves its checkpoint first, alone; every interval saves all at once, in the order of the outputs
    assert [name for name, value in whole[0].items() if value] == ["checkpoints"]
    assert [name for name, value in whole[1].items() if value] == ["training_history", "training_sheets", "diagnosis", "best_checkpoints"]
    assert [list(chunk["checkpoints"].get(RUN, ())) for chunk in whole] == [[0], [], [3], [6], [8]]
    # rows 1 and 3 are called the best
    assert list(saved(whole, "best_checkpoints")) == [0, 3, 8]
    assert list(saved(whole, "training_sheets")) == [0, 3, 6, 8]


def test_it_goes_on_from_the_newest_checkpoint_after_the_rows_behind_it(begin, whole):
    rows = pd.concat([chunk["training_history"][RUN] for chunk in whole[2:]])
    session, watchers = begin()
    chunks = list(session.run(as_series(whole[:4]), rows))
    assert [row["step"] for row in watchers[0].rows] == [3, 6, 8]
    assert list(saved(chunks, "checkpoints")) == [8]


def test_a_finished_run_is_neither_trained_nor_watched(begin, whole):
    session, watchers = begin()
    assert list(session.run(as_series(whole), None)) == [{name: {} for name in STREAMED}]
    assert watchers == []


def test_a_checkpoint_of_another_run_is_refused(begin, whole):
    foreign = {3: lambda: {"arrays": {}, "metadata": {"run_id": "another", "step": 3}}}
    session, _ = begin()
    with pytest.raises(CheckpointError, match="says of itself"):
        next(session.run(foreign, None))
