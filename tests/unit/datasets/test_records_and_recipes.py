"""Records of runs, and the parameters of environments."""

import json

import pytest
from kedro.io import DatasetError

from ganflow.datasets import RecipesDataset, RunRecords
from ganflow.errors import DataError


@pytest.fixture
def records(tmp_path):
    return RunRecords(path=tmp_path / "runs", name="record")


def test_each_run_has_its_own_file_and_replaces_no_other(records, tmp_path):
    assert records.load() == {}
    assert not records.exists()
    records.save({"one": {"a": 1}, "two": {"b": [1, "ü"]}})
    records.save({"one": {"a": 2}})
    for foreign in ("not a run!/record.json", "three/other.json"):
        (tmp_path / "runs" / foreign).parent.mkdir()
        (tmp_path / "runs" / foreign).write_text("x")
    assert records.load() == {"one": {"a": 2}, "two": {"b": [1, "ü"]}}
    assert json.loads(records.preview()) == {"a": 2}


def test_a_damaged_record_is_named(records, tmp_path):
    records.save({"one": {"a": 1}})
    (tmp_path / "runs/one/record.json").write_text('{"a": ')
    with pytest.raises((DataError, DatasetError), match="one/record.json is no JSON.*Delete it"):
        records.load()


@pytest.mark.parametrize("record", [{"../evil": {}}, {"one": {"a": float("nan")}}])
def test_what_cannot_be_stored_is_refused(records, record):
    with pytest.raises((DataError, DatasetError, ValueError)):
        records.save(record)
    assert records.load() == {}


def test_without_records_there_is_no_preview(records):
    with pytest.raises(DataError, match="Run the training pipeline"):
        records.preview()


def test_recipes_are_environments_laid_over_base(project_root):
    recipes = RecipesDataset(path=project_root / "conf").load()
    assert {"base", "classic", "wgan_gp", "smoke"} <= set(recipes)
    assert "local" not in recipes
    default, classic = recipes["base"](), recipes["classic"]()
    assert default["training"]["batch_size"] == 64
    assert (classic["training"]["batch_size"], classic["networks"]["generator"]["dropout"]) == (256, 0.4)
    # what classic does not name is base's
    assert classic["sampling"] == default["sampling"]


def test_recipes_are_not_written_by_a_run(project_root):
    with pytest.raises(DatasetError, match="written by hand"):
        RecipesDataset(path=project_root / "conf").save({})
