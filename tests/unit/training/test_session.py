"""A session continues, watches, saves in order and stops, whoever watches; Kedro has no part in it."""

import pandas as pd
import pytest

from ganflow.errors import CheckpointError, CollapseError, DivergenceError
from ganflow.training.session import Session
from ganflow.training.streams import STREAMED

RUN = "r" * 12


class Recorder:
    """Watches a run, and is its doctor: finds something serious from one step on, and calls every other row the best."""

    def __init__(self, earlier=(), serious_from=None):
        self.rows = list(earlier)
        self.serious_from = serious_from
        self.message = None

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
        return ["Something is wrong."] if self.serious_from is not None and self.step >= self.serious_from else []

    def diagnosis(self):
        return {"step": self.step, "message": self.message}

    def diverged(self, message):
        self.message = message


@pytest.fixture(scope="module")
def begin(images, architectures, training_parameters):
    """Function that makes a session, of steps 0, 3, 6 and 8, and its watchers as they come."""

    def make(serious_from=None, stops=False, **changes):
        watchers = []

        def watch(earlier):
            watchers.append(Recorder(earlier, serious_from))
            return watchers[-1]

        parameters = training_parameters.model_copy(update=changes)
        return Session(RUN, images, *architectures, parameters, watch, stops), watchers

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


def test_what_is_found_stops_a_run_only_if_that_is_asked_for(begin):
    session, _ = begin(serious_from=3)
    assert list(saved(session.run({}, None), "checkpoints")) == [0, 3, 6, 8]
    session, _ = begin(serious_from=3, stops=True)
    stream, chunks = session.run({}, None), []
    with pytest.raises(CollapseError, match=rf"Stopped at step 3, which is saved.*Something is wrong\..*run {RUN}"):
        chunks.extend(iter(lambda: next(stream), None))
    assert list(saved(chunks, "checkpoints")) == [0, 3]


def test_divergence_leaves_a_diagnosis_and_no_checkpoint(begin, training_parameters):
    wild = training_parameters.generator_optimizer.model_copy(update={"learning_rate": 1e30, "decay": None})
    session, watchers = begin(generator_optimizer=wild, interval=1)
    stream, chunks = session.run({}, None), []
    with pytest.raises(DivergenceError) as error:
        chunks.extend(iter(lambda: next(stream), None))
    assert watchers[0].message == str(error.value)
    assert chunks[-1] == {name: {} for name in STREAMED} | {"diagnosis": {RUN: watchers[0].diagnosis()}}


def test_a_checkpoint_of_another_run_is_refused(begin, whole):
    foreign = {3: lambda: {"arrays": {}, "metadata": {"run_id": "another", "step": 3}}}
    session, _ = begin()
    with pytest.raises(CheckpointError, match="says of itself"):
        next(session.run(foreign, None))
