import sys
import zipfile

import keras
import numpy as np
import pytest
from kedro.io import DataCatalog, DatasetError, Version

from ganflow.datasets import KerasModelDataset
from ganflow.errors import CheckpointError


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)])
    model.compile(optimizer="sgd", loss="mse")
    return model


@pytest.fixture
def dataset(tmp_path):
    return KerasModelDataset(filepath=tmp_path / "generator.keras")


def test_the_loaded_model_computes_the_same_and_is_not_compiled(dataset, model):
    dataset.save(model)
    loaded = dataset.load()
    points = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(loaded(points), model(points))
    assert not loaded.compiled
    assert model.compiled


def test_loading_registers_the_layers_of_the_project(dataset, model, monkeypatch):
    dataset.save(model)
    monkeypatch.delitem(sys.modules, "ganflow.networks", raising=False)
    dataset.load()
    assert "ganflow.networks" in sys.modules


def test_code_inside_a_model_is_not_run(dataset):
    dataset.save(keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda values: values + 1)]))
    with pytest.raises(DatasetError, match="[Ll]ambda"):
        dataset.load()


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_told_as_such(dataset, model, tmp_path, share):
    dataset.save(model)
    file = tmp_path / "generator.keras"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DatasetError, match="generator.keras cannot be loaded: (?s:.+) Delete it if it is damaged") as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, CheckpointError)


def test_a_zip_file_of_something_else_is_told_as_such(dataset, tmp_path):
    with zipfile.ZipFile(tmp_path / "generator.keras", "w") as archive:
        archive.writestr("readme.md", "mine")
    with pytest.raises(DatasetError, match="generator.keras cannot be loaded"):
        dataset.load()


def test_a_missing_file_is_told_as_such(dataset):
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="No such file or directory"):
        dataset.load()


def test_what_is_no_model_is_refused(dataset):
    with pytest.raises(DatasetError, match="Got dict, expected a keras.Model"):
        dataset.save({"weights": []})
    assert not dataset.exists()


def test_another_suffix_is_refused(tmp_path):
    config = {"type": "ganflow.datasets.KerasModelDataset", "filepath": str(tmp_path / "generator.h5")}
    with pytest.raises(DatasetError, match="expected one that ends in .keras"):
        DataCatalog.from_config({"it": config}).get("it")


def test_versions_are_kedros(tmp_path, model):
    config = {"generator": {"type": "ganflow.datasets.KerasModelDataset", "filepath": str(tmp_path / "g.keras"), "versioned": True}}
    first, second = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"
    catalog = DataCatalog.from_config(config, save_version=first)
    assert not catalog.exists("generator")
    catalog.save("generator", model)
    with pytest.raises(DatasetError, match="must not exist if versioning is enabled"):
        catalog.save("generator", model)
    # a model of other weights, as the second version
    other = keras.models.clone_model(model)
    DataCatalog.from_config(config, save_version=second).save("generator", other)

    newest = DataCatalog.from_config(config).load("generator")
    pinned = DataCatalog.from_config(config, load_versions={"generator": first}).load("generator")
    np.testing.assert_array_equal(newest.get_weights()[0], other.get_weights()[0])
    np.testing.assert_array_equal(pinned.get_weights()[0], model.get_weights()[0])
    assert not np.array_equal(newest.get_weights()[0], pinned.get_weights()[0])


def test_a_version_beside_an_unversioned_file_is_explained_by_kedro(dataset, model, tmp_path):
    dataset.save(model)
    with pytest.raises(DatasetError, match="versioning was enabled on a dataset already saved previously"):
        KerasModelDataset(filepath=tmp_path / "generator.keras", version=Version(None, None)).save(model)
    np.testing.assert_array_equal(dataset.load().get_weights()[0], model.get_weights()[0])
