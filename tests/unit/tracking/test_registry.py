"""Versions and aliases, in a store of their own."""

import json
import sqlite3

import pytest

from ganflow.errors import TrackingError
from ganflow.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    MODEL_FILE,
    PREVIOUS,
    PROMOTED,
    RECORD_FILE,
    ROLLED_BACK,
    Registry,
    files_folder,
    read_record,
)
from ganflow.tracking.store import Store


@pytest.fixture
def registry(tmp_path, embedded_store):
    return Registry(embedded_store(tmp_path / "mlflow"), "digits")


@pytest.fixture
def add(registry, tmp_path):
    """Function that registers files as a version."""

    def register(name):
        client = registry.store.client()
        experiment = client.get_experiment_by_name("e")
        identifier = experiment.experiment_id if experiment else client.create_experiment("e", registry.store.artifacts.as_uri())
        run = client.create_run(identifier)
        record = {"run_id": f"run-{name}", "sha256": f"weights-{name}"}
        folder = tmp_path / name
        folder.mkdir()
        (folder / MODEL_FILE).write_text(name)
        (folder / RECORD_FILE).write_text(json.dumps(record))
        client.log_artifacts(run.info.run_id, str(folder), files_folder(f"weights-{name}"))
        return registry.register(run.info.run_id, record)

    return register


def champion(registry):
    found = registry.by_alias(CHAMPION)
    return None if found is None else found.number


def test_nothing_is_registered_before_anything_is(registry):
    assert registry.by_alias(CHAMPION) is None
    assert registry.versions() == []
    assert registry.find("weights-a") is None
    with pytest.raises(TrackingError, match="Nothing to go back to: there is no champion"):
        registry.roll_back()


def test_the_same_weights_are_one_version(registry, add):
    first = add("a")
    assert (first.number, registry.register(first.mlflow_run, {"run_id": "x", "sha256": "weights-a"}).number) == (1, 1)
    assert [version.run_id for version in registry.versions()] == ["run-a"]


def test_promotion_moves_champion_and_previous_and_may_be_repeated(registry, add):
    for name in "abc":
        add(name)
    for number in (1, 2, 2, 3, 3):
        registry.promote(number)
    assert (champion(registry), registry.by_alias(PREVIOUS).number) == (3, 2)
    # MLflow's own page says so too
    assert int(registry.store.client().get_model_version_by_alias("digits", PREVIOUS).version) == 2
    assert [PROMOTED in version.tags for version in registry.versions()] == [True, True, True]


def test_rolling_back_and_forth(registry, add):
    for name in "abc":
        add(name)
        registry.promote(registry.find(f"weights-{name}").number)
    before, after = registry.roll_back()
    assert (before.number, after.number, champion(registry), registry.by_alias(PREVIOUS).number) == (3, 2, 2, 3)
    assert ROLLED_BACK in registry.by_number(3).tags
    registry.roll_back(to=1)
    assert (champion(registry), registry.by_alias(PREVIOUS).number) == (1, 2)
    with pytest.raises(TrackingError, match=r"There is no version 9 of 'digits': there are \[1, 2, 3\]"):
        registry.roll_back(to=9)
    with pytest.raises(TrackingError, match="version 1 is the champion, and version 1 was asked for"):
        registry.roll_back(to=1)


def test_a_repeated_promotion_leaves_the_time_of_the_first(registry, add):
    registry.promote(add("a").number)
    client = registry.store.client()
    client.set_model_version_tag("digits", "1", PROMOTED, "2026-01-01T00:00:00+00:00")
    registry.promote(1)
    assert registry.by_alias(CHAMPION).promoted == "2026-01-01T00:00:00+00:00"


def test_the_order_of_champions_is_on_record_though_the_clock_goes_back(registry, add):
    for name in "abc":
        add(name)
    registry.promote(1)
    registry.store.client().set_model_version_tag("digits", "1", PROMOTED, "2999-12-31T23:59:59+00:00")
    registry.promote(2)
    registry.promote(3)
    assert [version.tags[PROMOTED] for version in registry.versions()] == [
        "2999-12-31T23:59:59+00:00",
        "3000-01-01T00:00:00+00:00",
        "3000-01-01T00:00:01+00:00",
    ]
    assert registry.roll_back()[1].number == 2


def test_a_version_without_files_is_not_gone_back_to(registry, add):
    for name in "ab":
        registry.promote(add(name).number)
    (registry.fetch(registry.by_number(1)) / MODEL_FILE).unlink()
    with pytest.raises(TrackingError, match="Version 1 .*has no generator.keras"):
        registry.roll_back()
    assert champion(registry) == 2


def test_the_shortcut_past_mlflow_says_what_mlflow_says(registry, add):
    for name in "abcd":
        registry.promote(add(name).number)
    registry.set_alias(CHALLENGER, 4)
    registry.store.client().delete_model_version("digits", "2")
    direct, asked = registry._read(), registry._ask()
    assert [(version.number, set(version.aliases)) for version in direct] == [(1, set()), (3, {PREVIOUS}), (4, {CHAMPION, CHALLENGER})]
    for one, other in zip(direct, asked, strict=True):
        assert (one.number, one.mlflow_run, one.source, one.tags) == (other.number, other.mlflow_run, other.source, other.tags)
        assert set(one.aliases) == set(other.aliases)
        assert one.created == pytest.approx(other.created)
        assert read_record(registry.fetch(one)) == read_record(registry.fetch(other))


def test_an_unknown_layout_of_the_database_is_left_to_mlflow(registry, add, monkeypatch):
    registry.promote(add("a").number)

    def unknown(*_):
        raise sqlite3.OperationalError("no such column")

    monkeypatch.setattr(Registry, "_read_tables", unknown)
    assert champion(registry) == 1


def test_a_project_that_was_moved_finds_its_files(registry, add, tmp_path):
    registry.promote(add("a").number)
    registry.store.folder.rename(tmp_path / "moved")
    moved = Registry(Store(tmp_path / "moved"), "digits")
    assert (moved.fetch(moved.by_alias(CHAMPION)) / MODEL_FILE).read_text() == "a"
    # and what it writes from now on is written there
    client = moved.store.client()
    here = moved.store.artifacts.as_uri()
    experiment = client.get_experiment_by_name("e")
    assert experiment.artifact_location == here
    assert client.create_run(experiment.experiment_id).info.artifact_uri.startswith(f"{here}/")
    (version,) = moved.versions()
    assert version.source.startswith(f"{here}/{version.mlflow_run}/")
    assert client.get_run(version.mlflow_run).info.artifact_uri.startswith(f"{here}/")


def test_a_damaged_database_is_said_at_once(registry):
    registry.store.folder.mkdir(parents=True, exist_ok=True)
    registry.store.database.write_bytes(b"no database" * 100)
    for ask in (lambda: registry.by_alias(CHAMPION), registry.versions, lambda: registry.promote(1)):
        with pytest.raises(TrackingError, match="cannot be used: file is not a database.*put a backup in its place"):
            ask()
    assert registry.store.database.read_bytes() == b"no database" * 100


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "mlflow").write_text("")
    with pytest.raises(TrackingError, match="cannot be used"):
        Registry(Store(tmp_path / "mlflow"), "digits").versions()


def test_a_server_is_what_the_usual_variables_name(tmp_path, monkeypatch):
    store = Store(tmp_path)
    assert store.is_embedded
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert (store.tracking_uri, store.registry_uri, store.is_embedded) == ("http://127.0.0.1:5000",) * 2 + (False,)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path}/mlflow.db")
    # the files of a version are with its run
    assert (store.tracking_uri, store.is_embedded) == ("http://127.0.0.1:5000", False)
