import math
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from ganflow.datasets import HistoryDataset
from ganflow.errors import DataError


def frame(steps, **columns):
    return pd.DataFrame({"step": list(steps), **columns})


@pytest.fixture
def history(tmp_path):
    return HistoryDataset(path=tmp_path / "history", name="history")


@settings(max_examples=60)
@given(values=st.lists(st.floats(width=64), min_size=1, max_size=20))
@example(values=[0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 0.1 + 0.2, 2.0**60])
def test_every_float_comes_back_bit_for_bit(tmp_path_factory, values):
    history = HistoryDataset(path=tmp_path_factory.mktemp("history"), name="history")
    history.save({"run": frame(range(len(values)), loss=values)})
    loaded = history.load()["run"]["loss"].to_numpy(np.float64)
    canonical = [math.nan if math.isnan(value) else value for value in values]
    assert loaded.tobytes() == np.array(canonical).tobytes()


@settings(max_examples=15)
@given(
    values=st.lists(st.tuples(st.floats(), st.floats(width=32)), min_size=1, max_size=12),
    ends=st.lists(st.integers(0, 12), max_size=3),
    data=st.data(),
)
def test_an_interrupted_and_resumed_history_has_the_bytes_of_an_uninterrupted_one(tmp_path_factory, values, ends, data):
    rows = [frame([10 * step], loss=[loss], speed=[speed], note=[f'step "{step}", done']) for step, (loss, speed) in enumerate(values)]
    folder = tmp_path_factory.mktemp("history")
    straight, resumed = HistoryDataset(path=folder / "straight", name="history"), HistoryDataset(path=folder / "resumed", name="history")
    for row in rows:
        straight.save({"run": row})
    position = 0
    for end in ends:  # each run goes on from some row that the one before reached, and gets as far as `end`
        for row in rows[position:end]:
            resumed.save({"run": row})
        position = data.draw(st.integers(0, max(position, min(end, len(rows)))))
    for row in rows[position:]:
        resumed.save({"run": row})
    assert (folder / "resumed" / "run" / "history.csv").read_bytes() == (folder / "straight" / "run" / "history.csv").read_bytes()


def test_rows_from_the_first_new_step_on_are_replaced(history, tmp_path):
    history.save({"run": frame([10, 20, 30, 40], loss=[1.0, 2.0, 3.0, 4.0])})
    history.save({"run": frame([25, 50], loss=[9.5, 9.0])})
    assert (tmp_path / "history" / "run" / "history.csv").read_text() == "step,loss\n10,1.0\n20,2.0\n25,9.5\n50,9.0\n"
    history.save({"run": frame([0], loss=[7.0])})
    assert history.load()["run"].to_dict("list") == {"step": [0], "loss": [7.0]}


def test_runs_do_not_touch_each_other(history):
    history.save({"a": frame([1], loss=[1.0]), "b": frame([1], loss=[2.0])})
    history.save({"a": frame([1], loss=[3.0])})
    assert {run_id: table["loss"].tolist() for run_id, table in history.load().items()} == {"a": [3.0], "b": [2.0]}


def test_nothing_there_and_nothing_to_save_are_no_errors(history):
    assert history.load() == {}
    assert not history.exists()
    history.save({})
    history.save({"run": frame([], loss=[])})
    assert history.load() == {}


def test_a_table_without_rows_begins_the_runs_anew_and_leaves_others(history):
    history.save({"run": frame([1, 2], loss=[1.0, 2.0]), "other": frame([1], loss=[1.0])})
    history.save({"run": frame([], loss=[])})
    assert list(history.load()) == ["other"]
    history.save({"run": frame([5], loss=[1.0])})
    assert history.load()["run"]["step"].tolist() == [5]


def test_a_missing_value_stays_missing(history, tmp_path):
    history.save({"run": frame([1], loss=[math.nan], other=[1.0])})
    history.save({"run": frame([2], loss=[0.5], other=[2.0])})
    assert (tmp_path / "history" / "run" / "history.csv").read_text() == "step,loss,other\n1,,1.0\n2,0.5,2.0\n"
    assert np.isnan(history.load()["run"]["loss"][0])


def test_columns_may_come_in_another_order_but_not_be_others(history):
    history.save({"run": frame([1], loss=[1.0], speed=[10.0])})
    history.save({"run": frame([2], speed=[20.0], loss=[2.0])})
    assert history.load()["run"].to_dict("list") == {"step": [1, 2], "loss": [1.0, 2.0], "speed": [10.0, 20.0]}
    with pytest.raises(DatasetError, match=r"Got columns \['step', 'loss'\] to append .* expected \['step', 'loss', 'speed'\]") as caught:
        history.save({"run": frame([3], loss=[3.0])})
    assert isinstance(caught.value.__cause__, DataError)
    assert history.load()["run"]["step"].tolist() == [1, 2]
    # a run that starts anew keeps no row that the columns would have to fit
    history.save({"run": frame([1], loss=[3.0])})
    assert list(history.load()["run"].columns) == ["step", "loss"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.DataFrame({"loss": [1.0]}), "expected 'step' among them"),
        (frame([2, 1]), "expected whole numbers that ascend"),
        (frame([1, 1]), "expected whole numbers that ascend"),
        (frame([1.5]), "expected whole numbers that ascend"),
    ],
)
def test_rows_without_ascending_steps_are_refused(history, rows, message):
    with pytest.raises(DatasetError, match=message):
        history.save({"run": rows})
    assert not history.exists()


def test_run_ids_that_are_no_plain_names_are_refused(history):
    with pytest.raises(DatasetError, match="expected letters, digits, - and _ only"):
        history.save({"../run": frame([1])})


def test_foreign_files_are_neither_loaded_nor_removed(history, tmp_path):
    history.save({"run": frame([1], loss=[1.0])})
    foreign = ["notes.txt", "run/my notes.csv", "run/.other.csv.0123abcd.partial.csv", "not a run/history.csv", ".other/history.csv"]
    for name in foreign:
        (tmp_path / "history" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "history" / name).write_text("mine")
    history.save({"run": frame([2], loss=[1.0])})
    assert list(history.load()) == ["run"]
    assert all((tmp_path / "history" / name).read_text() == "mine" for name in foreign)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "step,loss\n1,2\n1,2,3\n", "step\nmany\n", "step\n1.5\n"])
def test_a_file_that_is_no_history_is_not_overwritten(history, tmp_path, content):
    file = tmp_path / "history" / "run" / "history.csv"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(DatasetError, match=r"run/history.csv is no (history|table): .+ Move it away"):
        history.save({"run": frame([5], loss=[1.0])})
    assert file.read_text() == content


def test_a_file_that_is_no_table_cannot_be_loaded(history, tmp_path):
    (tmp_path / "history" / "run").mkdir(parents=True)
    (tmp_path / "history" / "run" / "history.csv").write_text("")
    with pytest.raises(DatasetError, match="run/history.csv is no table"):
        history.load()


def test_the_preview_is_the_end_of_the_table_saved_last(history, tmp_path):
    with pytest.raises(DataError, match="Got no history"):
        history.preview()
    history.save({"b": frame(range(1, 8), loss=[0.5] * 7)})
    history.save({"a": frame([100], loss=[0.1])})
    os.utime(tmp_path / "history" / "a" / "history.csv", ns=(0, 0))
    assert history.preview(nrows=2) == {"index": [5, 6], "columns": ["step", "loss"], "data": [[6, 0.5], [7, 0.5]]}
    assert len(history.preview()["data"]) == 5
