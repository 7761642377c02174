import json

import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError, Version

from ganflow.datasets import CSVDataset, JSONDataset


def test_previews_are_those_of_kedro_datasets(tmp_path):
    table = CSVDataset(filepath=tmp_path / "a.csv")
    table.save(pd.DataFrame({"step": range(9)}))
    assert table.preview(nrows=2) == {"index": [0, 1], "columns": ["step"], "data": [[0], [1]]}
    document = JSONDataset(filepath=tmp_path / "a.json")
    document.save({"a": [1]})
    assert json.loads(document.preview()) == {"a": [1]}


def test_arguments_reach_the_encoders(tmp_path):
    catalog = DataCatalog.from_config(
        {
            "table": {
                "type": "ganflow.datasets.CSVDataset",
                "filepath": str(tmp_path / "a.csv"),
                "save_args": {"sep": ";"},
                "load_args": {"sep": ";", "usecols": ["b"]},
            },
            "document": {"type": "ganflow.datasets.JSONDataset", "filepath": str(tmp_path / "a.json"), "save_args": {"indent": None}},
        }
    )
    catalog.save("table", pd.DataFrame({"a": [1], "b": [2]}))
    catalog.save("document", {"a": [1, 2]})
    assert (tmp_path / "a.csv").read_text() == "a;b\n1;2\n"
    assert catalog.load("table").to_dict() == {"b": {0: 2}}
    assert (tmp_path / "a.json").read_text() == '{"a": [1, 2]}'


@pytest.mark.parametrize(("kind", "suffix", "value"), [(JSONDataset, "json", {"a": 1}), (CSVDataset, "csv", pd.DataFrame({"a": [1]}))])
def test_versions_are_kedros(tmp_path, kind, suffix, value):
    path = tmp_path / f"a.{suffix}"
    dataset = kind(filepath=path, version=Version(None, "2026-01-01T00.00.00.000Z"))
    assert not dataset.exists()
    dataset.save(value)
    assert dataset.exists()
    assert [file for file in path.rglob("*") if file.is_file()] == [path / "2026-01-01T00.00.00.000Z" / f"a.{suffix}"]
    with pytest.raises(DatasetError, match="must not exist if versioning is enabled"):
        dataset.save(value)


def test_a_version_beside_an_unversioned_file_is_explained_by_kedro(tmp_path):
    JSONDataset(filepath=tmp_path / "a.json").save({"a": 1})
    with pytest.raises(DatasetError, match="versioning was enabled on a dataset already saved previously"):
        JSONDataset(filepath=tmp_path / "a.json", version=Version(None, None)).save({"a": 2})
    assert JSONDataset(filepath=tmp_path / "a.json").load() == {"a": 1}


def test_appending_which_an_atomic_save_cannot_do_is_no_option(tmp_path):
    config = {"type": "ganflow.datasets.CSVDataset", "filepath": str(tmp_path / "a.csv"), "fs_args": {"open_args_save": {"mode": "a"}}}
    with pytest.raises(DatasetError, match="fs_args"):
        DataCatalog.from_config({"it": config}).get("it")
