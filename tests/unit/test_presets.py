"""Configuration lies in layers: base, the preset, this machine's own, the command line."""

from contextlib import nullcontext

import pytest
import yaml
from kedro.config import MissingConfigException

from ganflow.datasets import RecipesDataset
from ganflow.presets import BASE, LOCAL, SOFT, PresetConfigLoader, list_presets

LAYERS = {
    "base": {"training": {"steps": 1, "batch": 1, "seed": 1, "rate": 1}},
    "wgan": {"training": {"batch": 2, "seed": 2, "rate": 2}},
    "local": {"training": {"seed": 3, "rate": 3}},
}


@pytest.fixture
def conf(tmp_path):
    for name, parameters in LAYERS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "parameters_training.yml").write_text(yaml.safe_dump(parameters))
    (tmp_path / "base/catalog.yml").write_text("""
data: {type: MemoryDataset, copy_mode: "${runtime_params:mode, deepcopy}"}
model: {type: MemoryDataset, copy_mode: assign}
""")
    (tmp_path / "local/catalog.yml").write_text("model: {type: pickle.PickleDataset, filepath: own.pkl}")
    return tmp_path


def loader(conf, env=None, **runtime_params):
    return PresetConfigLoader(str(conf), env=env, base_env=BASE, default_run_env=LOCAL, runtime_params=runtime_params, merge_strategy=SOFT)


@pytest.mark.parametrize(("env", "batch"), [(None, 1), ("base", 1), ("local", 1), ("wgan", 2)])
def test_every_layer_is_laid_over_the_one_before(conf, env, batch):
    assert loader(conf, env)["parameters"] == {"training": {"steps": 1, "batch": batch, "seed": 3, "rate": 3}}
    over = loader(conf, env, training={"rate": 4})["parameters"]
    assert over == {"training": {"steps": 1, "batch": batch, "seed": 3, "rate": 4}}


@pytest.mark.parametrize("env", [None, "base", "wgan"])
def test_a_catalog_entry_of_this_machine_takes_the_place_of_the_whole_entry(conf, env):
    catalog = loader(conf, env, mode="assign")["catalog"]
    assert catalog["model"] == {"type": "pickle.PickleDataset", "filepath": "own.pkl"}
    assert catalog["data"]["copy_mode"] == "assign"


@pytest.mark.parametrize("env", [None, "base", "wgan"])
def test_credentials_may_be_nowhere_but_on_this_machine(conf, env, monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    # of one layer alone, Kedro takes it for empty
    with nullcontext() if env == "base" else pytest.raises(MissingConfigException, match="No files of YAML or JSON format found"):
        assert loader(conf, env)["credentials"] == {}
    (conf / "local/credentials.yml").write_text("store: {key: '${oc.env:SECRET}'}")
    assert loader(conf, env)["credentials"] == {"store": {"key": "s3cret"}}


@pytest.mark.parametrize(("env", "batch"), [(None, 1), ("base", 1), ("wgan", 2)])
def test_a_fresh_clone_without_a_local_folder_is_no_error(conf, env, batch):
    for file in (conf / "local").iterdir():
        file.unlink()
    (conf / "local").rmdir()
    assert loader(conf, env)["parameters"]["training"]["batch"] == batch


def test_a_preset_that_does_not_exist_is_an_error_whatever_this_machine_has(conf):
    with pytest.raises(MissingConfigException, match="wgam"):
        loader(conf, "wgam")["parameters"]


def test_what_a_program_sets_is_left_alone(conf):
    own = loader(conf, "wgan")
    own["parameters"] = {"training": {"steps": 9}}
    assert own["parameters"] == {"training": {"steps": 9}}


def test_a_recipe_of_a_study_is_what_a_run_of_the_preset_would_be(conf):
    recipes = RecipesDataset(path=conf, changes={"training": {"rate": 4}}).load()
    assert list(recipes) == list_presets(conf) == ["base", "wgan"]
    assert {name: read() for name, read in recipes.items()} == {
        name: loader(conf, name, training={"rate": 4})["parameters"] for name in recipes
    }
