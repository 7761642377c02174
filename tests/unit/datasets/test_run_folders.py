"""A run's folder goes as a whole, and is found by nobody once it begins to go."""

import shutil

import pytest

from ganflow.datasets.runs import find_runs, remove_run
from ganflow.errors import DataError


@pytest.fixture
def runs(tmp_path):
    for name in ("a/history.csv", "a/checkpoints/1", "b/history.csv", ".c/history.csv", "not a run/history.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_runs_are_found_by_what_they_have(runs):
    assert find_runs(runs, "history.csv") == {"a": runs / "a/history.csv", "b": runs / "b/history.csv"}
    assert list(find_runs(runs, "checkpoints")) == ["a"]
    assert find_runs(runs / "nowhere", "history.csv") == {}


def test_a_removal_that_is_cut_off_leaves_no_half_of_a_run_and_is_completed(runs, monkeypatch):
    def cut_off(folder):
        (folder / "history.csv").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", cut_off)
        with pytest.raises(KeyboardInterrupt):
            remove_run(runs, "a")
    assert list(find_runs(runs, "checkpoints")) == []
    assert list(find_runs(runs, "history.csv")) == ["b"]
    remove_run(runs, "a")
    assert sorted(folder.name for folder in runs.iterdir()) == [".c", "b", "not a run"]
    remove_run(runs, "a")


def test_a_name_that_leads_elsewhere_is_refused(runs):
    with pytest.raises(DataError, match="expected letters, digits, - and _ only"):
        remove_run(runs, "../a")
