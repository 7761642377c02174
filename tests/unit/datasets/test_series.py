from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from ganflow.datasets import CheckpointSeries, SheetSeries
from ganflow.errors import CheckpointError


def checkpoint(number):
    return {"arrays": {"w": np.full((2, 2), number)}, "metadata": {"number": number}}


def numbers(series):
    """{run id: {step: number of the checkpoint}}."""
    return {run_id: {step: load()["metadata"]["number"] for step, load in steps.items()} for run_id, steps in series.load().items()}


@pytest.fixture
def series(tmp_path):
    return CheckpointSeries(path=tmp_path / "runs", name="checkpoints")


def test_nothing_on_disk_is_no_error(series):
    assert series.load() == {}
    assert not series.exists()
    series.save({})
    series.save({"run-a": {}})
    assert series.load() == {}
    assert not series.exists()


def test_steps_are_files_of_their_run_and_come_back_in_order(series, tmp_path):
    series.save({"run-a": {200: checkpoint(2), 100: checkpoint(1)}, "B_2": {7: checkpoint(3)}})
    files = sorted(file.relative_to(tmp_path / "runs").as_posix() for file in tmp_path.rglob("*.safetensors"))
    assert files == [
        "B_2/checkpoints/step-0000007.safetensors",
        "run-a/checkpoints/step-0000100.safetensors",
        "run-a/checkpoints/step-0000200.safetensors",
    ]
    series.save({"run-a": {10_000_000: checkpoint(4)}, "B_2": {8: checkpoint(5)}})
    assert numbers(series) == {"B_2": {7: 3, 8: 5}, "run-a": {100: 1, 200: 2, 10_000_000: 4}}
    # ten million has a digit more than the others: text order would put it first
    assert list(series.load()["run-a"]) == [100, 200, 10_000_000]
    assert series.exists()


def test_values_are_read_when_asked_for(series, tmp_path):
    series.save({"run-a": {1: checkpoint(1), 2: checkpoint(2)}})
    (tmp_path / "runs/run-a/checkpoints/step-0000002.safetensors").write_bytes(b"damaged")
    loaded = series.load()["run-a"]
    assert loaded[1]()["arrays"]["w"].tolist() == [[1, 1], [1, 1]]
    with pytest.raises(
        CheckpointError, match=r"run-a/checkpoints/step-0000002.safetensors is damaged: .* Delete it; the next run then uses an earlier"
    ):
        loaded[2]()


def test_a_run_that_starts_anew_replaces_its_own_future_and_no_other(series):
    series.save({"run-a": {100: checkpoint(1), 200: checkpoint(2), 300: checkpoint(3)}, "run-b": {300: checkpoint(4)}})
    series.save({"run-a": {100: checkpoint(5)}, "run-b": {}})
    assert numbers(series) == {"run-a": {100: 5}, "run-b": {300: 4}}


def test_steps_between_those_saved_together_stay(series):
    series.save({"run-a": {2: checkpoint(2), 4: checkpoint(4), 6: checkpoint(6)}})
    series.save({"run-a": {1: checkpoint(1), 5: checkpoint(5)}})
    assert list(series.load()["run-a"]) == [1, 2, 4, 5]


@pytest.mark.parametrize(("keep", "kept"), [(1, [50]), (3, [30, 40, 50]), (5, [10, 20, 30, 40, 50]), (9, [10, 20, 30, 40, 50])])
def test_only_the_newest_steps_of_each_run_are_kept(tmp_path, keep, kept):
    series = CheckpointSeries(path=tmp_path, name="c", keep=keep)
    for step in (10, 20, 30, 40, 50):
        series.save({"run-a": {step: checkpoint(step)}})
        series.save({"other": {1: checkpoint(1)}})
    assert list(series.load()["run-a"]) == kept
    assert list(series.load()["other"]) == [1]


@settings(max_examples=40)
@example(keep=1, saves=[[1], [0]])
@example(keep=2, saves=[[1, 5, 9], [3]])
@given(keep=st.none() | st.integers(1, 3), saves=st.lists(st.lists(st.integers(0, 9), unique=True, max_size=3), max_size=6))
def test_what_is_on_disk_follows_from_the_saves(tmp_path_factory, keep, saves):
    series = CheckpointSeries(path=tmp_path_factory.mktemp("series"), name="c", keep=keep)
    expected: dict[int, int] = {}
    for number, steps in enumerate(saves):
        series.save({"r": {step: checkpoint(number) for step in steps}})
        if steps:
            expected = {step: old for step, old in expected.items() if step <= max(steps)} | dict.fromkeys(steps, number)
            expected = dict(sorted(expected.items())[-(keep or len(expected)) :])
    assert numbers(series) == ({"r": expected} if expected else {})


def test_the_new_step_is_on_disk_before_an_old_one_goes(tmp_path):
    series = CheckpointSeries(path=tmp_path, name="c", keep=1)
    series.save({"run-a": {10: checkpoint(1)}})
    with pytest.raises(DatasetError):
        series.save({"run-a": {5: {"arrays": {}, "metadata": {"step": object()}}}})
    assert numbers(series) == {"run-a": {10: 1}}


def test_foreign_files_are_neither_loaded_nor_removed(tmp_path):
    series = CheckpointSeries(path=tmp_path, name="c", keep=1)
    foreign = [
        "notes.txt",
        ".hidden/c/step-0000001.safetensors",
        "not a run/c/step-0000001.safetensors",
        "run-a/step-0000001.safetensors",
        "run-a/best/step-0000001.safetensors",
        "run-a/c/step-0000001.png",
        "run-a/c/step-1.safetensors",
        "run-a/c/step-00000001.safetensors",
        "run-a/c/.step-0000001.safetensors.0123abcd.partial.safetensors",
        "run-a/c/step-0000099.safetensors.bak",
        "empty/readme.md",
    ]
    for name in foreign:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    assert not series.exists()
    series.save({"run-a": {2: checkpoint(2)}})
    series.save({"run-a": {3: checkpoint(3)}})
    assert numbers(series) == {"run-a": {3: 3}}
    assert all((tmp_path / name).read_text() == "mine" for name in foreign)


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "a b", "run.1", "ünder", "a\n", 7])
def test_run_ids_that_are_no_plain_names_are_refused(series, tmp_path, run_id):
    with pytest.raises(DatasetError, match="expected letters, digits, - and _ only"):
        series.save({run_id: {1: checkpoint(1)}})
    assert list(tmp_path.rglob("*.safetensors")) == []


@pytest.mark.parametrize("step", [-1, 1.0, "1"])
def test_steps_that_are_no_counts_are_refused(series, step):
    with pytest.raises(DatasetError, match="expected a whole number that is not negative"):
        series.save({"run-a": {step: checkpoint(1)}})


@pytest.mark.parametrize("keep", [0, -3])
def test_keeping_less_than_one_step_is_refused(tmp_path, keep):
    config = {"type": "ganflow.datasets.CheckpointSeries", "path": str(tmp_path), "name": "c", "keep": keep}
    with pytest.raises(DatasetError, match=f"Got keep={keep} for c in "):
        DataCatalog.from_config({"it": config}).get("it")


def test_sheets_come_back_as_they_were_and_the_last_saved_is_previewed(tmp_path):
    series = SheetSeries(path=tmp_path, name="sheets", keep=2)
    grey, colour = np.arange(12, dtype=np.uint8).reshape(3, 4, 1), np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    with pytest.raises(Exception, match="Got no sheet"):
        series.preview()
    series.save({"run-a": {500: grey}})
    series.save({"run-b": {100: colour}})
    loaded = series.load()
    np.testing.assert_array_equal(loaded["run-a"][500](), grey)
    np.testing.assert_array_equal(loaded["run-b"][100](), colour)


def test_sheets_of_clips_come_back_beside_those_of_images(tmp_path):
    series = SheetSeries(path=tmp_path, name="sheets", keep=2)
    clip, image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1), np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    series.save({"run-a": {100: clip, 200: clip + 1, 300: clip + 2}, "run-b": {100: image}})
    assert sorted(file.name for file in tmp_path.rglob("step-*")) == ["step-0000100.png", "step-0000200.webp", "step-0000300.webp"]
    loaded = series.load()
    np.testing.assert_array_equal(loaded["run-a"][300](), clip + 2)
    np.testing.assert_array_equal(loaded["run-b"][100](), image)
    # a run that starts anew replaces its future, of clips too
    series.save({"run-a": {100: clip}})
    assert list(series.load()["run-a"]) == [100]


def test_a_streaming_node_saves_step_by_step_and_resumes_from_its_own_files(tmp_path):
    catalog_config = {
        "checkpoints": {"type": "ganflow.datasets.CheckpointSeries", "path": str(tmp_path), "name": "checkpoints", "keep": 2},
        "earlier": {"type": "ganflow.datasets.CheckpointSeries", "path": str(tmp_path), "name": "checkpoints", "keep": 2},
        "sheets": {"type": "ganflow.datasets.SheetSeries", "path": str(tmp_path), "name": "sheets"},
        "history": {"type": "ganflow.datasets.HistoryDataset", "path": str(tmp_path), "name": "history"},
    }
    on_disk_at_each_step = []

    def train(earlier) -> Iterator[dict]:
        start = max(earlier.get("run-a", {0: None}))
        for step in range(start + 10, start + 40, 10):
            on_disk_at_each_step.append(list(CheckpointSeries(path=tmp_path, name="checkpoints").load().get("run-a", {})))
            yield {
                "history": {"run-a": pd.DataFrame({"step": [step], "loss": [1 / step]})},
                "sheets": {"run-a": {step: np.full((2, 2, 1), step, np.uint8)}},
                "checkpoints": {"run-a": {step: checkpoint(step)}},
            }

    outputs = {name: name for name in ("history", "sheets", "checkpoints")}
    for _ in range(2):
        catalog = DataCatalog.from_config(catalog_config)
        SequentialRunner().run(Pipeline([Node(train, "earlier", outputs, name="train")]), catalog)
    assert on_disk_at_each_step == [[], [10], [10, 20], [20, 30], [30, 40], [40, 50]]
    assert list(catalog.load("checkpoints")["run-a"]) == [50, 60]
    assert list(catalog.load("sheets")["run-a"]) == [10, 20, 30, 40, 50, 60]
    assert catalog.load("history")["run-a"]["loss"].tolist() == [1 / step for step in (10, 20, 30, 40, 50, 60)]
