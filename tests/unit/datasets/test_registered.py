"""Registered generators as catalog entries."""

import json
import subprocess
import sys

import keras
import pytest
from kedro.io import DatasetError, Version

from ganflow.datasets import PromotionDataset, RegisteredGeneratorDataset, RegisteredRecordDataset, RegisteredVersionsDataset
from ganflow.errors import ConfigurationError
from ganflow.networks import hash_weights, instantiate
from ganflow.tracking.runs import RunRecorder


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Folder of a registry with two versions of a tiny generator, and the SHA-256 of their weights."""
    from ganflow.tracking.registry import Registry
    from ganflow.tracking.store import Store

    folder = tmp_path_factory.mktemp("registry")
    recorder, weights = RunRecorder(Registry(Store(folder), "digits"), "e", {}), []
    for number in (1, 2):
        inputs = keras.Input((3,))
        model = keras.Model(inputs, keras.layers.Dense(number)(inputs))
        weights.append(hash_weights(model))
        recorder.begin(f"run{number}", {}, {})
        recorder.register(f"run{number}", model, {"run_id": f"run{number}", "sha256": weights[-1]})
    return folder, weights


def generator(folder, **options):
    return RegisteredGeneratorDataset(path=folder, model="digits", **options)


def record(folder, **options):
    return RegisteredRecordDataset(path=folder, model="digits", **options)


def order(weights, champion, promote=True):
    return {"promote": promote, "sha256": weights, "champion": champion, "run_id": "run"}


def test_from_no_champion_to_the_second(filled):
    folder, weights = filled
    promotion = PromotionDataset(path=folder, model="digits")
    with pytest.raises(DatasetError, match="There is no champion of 'digits' yet. Train one: kedro run"):
        generator(folder).load()
    assert generator(folder, missing_ok=True).load() is None
    assert record(folder, missing_ok=True).load() is None
    promotion.save(order(weights[0], None, promote=False))
    assert not record(folder).exists()
    promotion.save(order(weights[0], None))
    assert hash_weights(generator(folder).load()) == weights[0]
    assert record(folder).load() == {"run_id": "run1", "sha256": weights[0]}
    promotion.save(order(weights[1], 1))
    # repeated after a crash, it is done already
    promotion.save(order(weights[1], 1))
    found = record(folder, with_version=True).load()
    assert (found["version"], found["record"]["run_id"]) == (2, "run2")
    assert hash_weights(generator(folder).load()) == weights[1]
    # an earlier one by its number
    assert hash_weights(generator(folder, version=Version("1", None)).load()) == weights[0]
    assert record(folder, version=Version("1", None)).load()["run_id"] == "run1"
    with pytest.raises(DatasetError, match="judged against version 1, but version 2 has become champion since"):
        promotion.save(order(weights[0], 1))
    versions = RegisteredVersionsDataset(path=folder, model="digits").load()
    assert [(version["number"], version["aliases"], bool(version["promoted"])) for version in versions] == [
        (1, ["previous"], True),
        (2, ["champion"], True),
    ]
    with pytest.raises(DatasetError, match="No version of 'digits' has the weights"):
        promotion.save(order("0" * 64, 2))


def test_what_a_person_has_rolled_back_is_not_promoted_again(filled):
    folder, weights = filled
    promotion = PromotionDataset(path=folder, model="digits")
    for number in (1, 2):
        promotion.registry.promote(number)
    promotion.registry.roll_back()
    with pytest.raises(DatasetError, match=r"Version 2 has been champion before.*kedro champion rollback --to 2"):
        promotion.save(order(weights[1], 1))
    assert hash_weights(generator(folder).load()) == weights[0]


def test_the_newest_export_stands_in_while_there_is_no_champion(tmp_path, architectures):
    from ganflow.datasets import JSONDataset, KerasModelDataset

    version = Version(None, "2026-01-01T00.00.00.000Z")
    model = instantiate(architectures[0], seed=3)
    KerasModelDataset(filepath=tmp_path / "g.keras", version=version).save(model)
    JSONDataset(filepath=tmp_path / "r.json", version=version).save({"run_id": "exported"})
    assert hash_weights(generator(tmp_path / "none", filepath=tmp_path / "g.keras").load()) == hash_weights(model)
    assert record(tmp_path / "none", filepath=tmp_path / "r.json").load() == {"run_id": "exported"}


def test_a_version_is_a_number(tmp_path):
    with pytest.raises(ConfigurationError, match="Got version 'newest' of a registered generator, expected a number"):
        generator(tmp_path, version=Version("newest", None))


def test_nothing_is_saved_or_loaded_the_wrong_way_round(tmp_path):
    with pytest.raises(DatasetError, match="aliases moved by promotion"):
        generator(tmp_path).save("x")
    with pytest.raises(DatasetError, match="carried out, not kept"):
        PromotionDataset(path=tmp_path, model="digits").load()


def test_whoever_only_samples_does_not_pay_for_mlflow(filled):
    folder, _ = filled
    code = (
        "import json, sys; from ganflow.datasets import RegisteredRecordDataset as R; "
        "print(json.dumps([R(path=sys.argv[1], model='digits', missing_ok=True).load(), 'mlflow' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    found, imported = json.loads(done.stdout)
    assert found is None or found["run_id"] in ("run1", "run2")
    assert not imported
