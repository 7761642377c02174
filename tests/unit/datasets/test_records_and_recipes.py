"""Records of runs, and the parameters of environments."""

import json

import pytest
from kedro.io import DatasetError

from ganflow.datasets import DefaultParametersDataset, RecipesDataset, RunRecords, SurroundingsDataset
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


def test_defaults_are_those_of_base_whatever_is_laid_over_them(tmp_path):
    for layer, seed in (("base", 0), ("local", 1), ("preset", 2)):
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "parameters_training.yml").write_text(f"training: {{seed: {seed}}}")
    defaults = DefaultParametersDataset(path=tmp_path)
    assert defaults.load() == {"training": {"seed": 0}}
    with pytest.raises(DatasetError, match="written by hand"):
        defaults.save({})
    # a packaged project has its configuration elsewhere
    assert DefaultParametersDataset(path=tmp_path / "nowhere").load() == {}


def test_surroundings_name_versions_and_devices_and_are_not_written(tmp_path):
    surroundings = SurroundingsDataset(path=tmp_path)
    found = surroundings.load()
    assert {"version.ganflow", "version.tensorflow", "version.python", "device"} <= found.keys()
    # a folder that is no repository has no revision
    assert found["mlflow.source.git.commit"] == "unknown"
    with pytest.raises(DatasetError, match="as they are"):
        surroundings.save({})
