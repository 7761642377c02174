"""What is recorded of a run, and that a run that goes on is recorded on."""

import json

import pytest
from challengers import Generator

from ganflow.errors import TrackingError
from ganflow.tracking.registry import CHAMPION, Registry
from ganflow.tracking.runs import RETRAINING, RunRecorder, describe_surroundings, find_retrainings, flatten, forget_runs, withdraw_versions
from ganflow.tracking.store import Store


@pytest.fixture
def registry(tmp_path, embedded_store):
    return Registry(embedded_store(tmp_path / "mlflow"), "digits")


@pytest.fixture
def recorder(registry):
    return RunRecorder(registry, "experiment", {"pipelines": "training"})


def row(step, **values):
    return {"step": step, "discriminator_loss": 1 / step, "kernel_distance": float("nan")} | values


def recorded(registry, run_id="run"):
    client = registry.store.client()
    (run,) = client.search_runs([client.get_experiment_by_name("experiment").experiment_id], f"tags.`ganflow.run_id` = '{run_id}'")
    return client, run


def test_parameters_are_flat_and_tags_are_those_of_all_and_of_the_run(registry, recorder):
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}
    recorder.begin("run", {"training": {"seed": 3}}, {"data.sha256": "abc"})
    _, run = recorded(registry)
    assert run.data.params == {"training.seed": "3"}
    assert (run.data.tags["pipelines"], run.data.tags["data.sha256"], run.info.status) == ("training", "abc", "RUNNING")


def test_curves_have_every_step_once_though_the_run_was_interrupted(registry, recorder):
    recorder.begin("run", {"training": {"num_steps": 2}}, {})
    for step in (1, 2):
        recorder.add_row("run", row(step))
    recorder.end("KILLED")
    again = RunRecorder(registry, "experiment", {})
    again.begin("run", {"training": {"num_steps": 4}}, {})
    for step in (2, 3):
        again.add_row("run", row(step))
    again.end("FINISHED")
    client, run = recorded(registry)
    points = client.get_metric_history(run.info.run_id, "discriminator_loss")
    assert [(point.step, point.value) for point in points] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    # what was not measured is no number
    assert "kernel_distance" not in run.data.metrics
    assert (run.info.status, run.data.params["training.num_steps"], run.data.tags["changed.training.num_steps"]) == ("FINISHED", "2", "4")


def test_files_and_the_generator_are_found_again(registry, recorder):
    recorder.begin("run", {}, {})
    recorder.add_record("run", "diagnosis.json", {"healthy": True})
    recorder.add_file("run", "sheets/step-0000005.png", b"content")
    version = recorder.register("run", Generator(), {"run_id": "run", "sha256": "w"})
    assert recorder.register("run", Generator(), {"run_id": "run", "sha256": "w"}).number == version.number == 1
    folder = registry.fetch(version)
    assert (folder / "generator.keras").read_bytes() == b"weights"
    assert json.loads((folder.parent / "diagnosis.json").read_text()) == {"healthy": True}
    assert (folder.parent / "sheets/step-0000005.png").read_bytes() == b"content"


def test_a_run_that_is_continued_leaves_its_earlier_generator_as_it_is(registry, recorder):
    recorder.begin("run", {}, {})
    first = recorder.register("run", Generator(), {"run_id": "run", "sha256": "earlier"})
    second = recorder.register("run", Generator(b"other weights"), {"run_id": "run", "sha256": "later"})
    assert (first.number, second.number) == (1, 2)
    assert [(registry.fetch(registry.by_number(number)) / "generator.keras").read_bytes() for number in (1, 2)] == [
        b"weights",
        b"other weights",
    ]


def test_forgotten_runs_leave_nothing(registry, recorder):
    for name in ("old", "new"):
        recorder.begin(name, {}, {RETRAINING: "digits"})
        recorder.add_row(name, row(1))
        recorder.register(name, Generator(), {"run_id": name, "sha256": name})
    recorder.begin("by hand", {}, {})
    recorder.begin("foreign", {}, {RETRAINING: "letters"})
    found = find_retrainings(registry, recorder.experiment)
    assert [(run.run_id, run.is_forgotten) for run in found] == [("new", False), ("old", False)]
    assert find_retrainings(registry, "another experiment") == []
    registry.promote(2)
    old = found[1].mlflow_run
    # cut off in the middle, and found again
    registry.store.client().delete_run(old)
    again = find_retrainings(registry, recorder.experiment)
    assert [(run.run_id, run.is_forgotten) for run in again] == [("new", False), ("old", True)]
    withdraw_versions(registry, again[1:])
    forget_runs(registry, again[1:])
    assert find_retrainings(registry, recorder.experiment) == found[:1]
    assert [version.run_id for version in registry.versions()] == ["new"]
    assert registry.by_alias(CHAMPION).run_id == "new"
    assert not (registry.store.artifacts / old).exists()
    with registry.store.connection() as connection:
        assert connection.execute("SELECT count(*) FROM runs WHERE run_uuid = ?", (old,)).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM metrics WHERE run_uuid = ?", (old,)).fetchone() == (0,)


def test_a_store_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="Then run again"):
        RunRecorder(Registry(Store(tmp_path / "file"), "digits"), "experiment", {}).begin("run", {}, {})


def test_the_surroundings_are_revision_libraries_and_devices(project_root, tmp_path):
    found = describe_surroundings(tmp_path)
    assert found["mlflow.source.git.commit"] == "unknown"
    assert {"version.python", "version.tensorflow", "version.keras", "version.ganflow", "device"} <= found.keys()
    if (project_root / ".git").exists():
        assert len(describe_surroundings(project_root)["mlflow.source.git.commit"]) == 40
