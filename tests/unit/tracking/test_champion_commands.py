"""`kedro champion show`, `history` and `rollback` in a project's folder."""

import shutil

import pytest
from challengers import Generator
from click.testing import CliRunner
from cuts import killed_before_call
from kedro.framework.project import configure_project

from ganflow.cli import champion
from ganflow.tracking.registry import CHAMPION, Registry
from ganflow.tracking.runs import RunRecorder

# Kedro reads the parameters' fields from objects instead of their classes
pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_fields' attribute:DeprecationWarning")

DATA = {"source": "images", "num_train": 20, "sha256": "d" * 64}


@pytest.fixture
def registry(tmp_path, project_root, embedded_store, monkeypatch):
    """Of a project in the working folder, with three versions, each of which was champion."""
    shutil.copytree(project_root / "conf", tmp_path / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(project_root / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    configure_project("ganflow")
    registry = Registry(embedded_store(tmp_path / "data/mlflow"), "ganflow")
    recorder = RunRecorder(registry, "ganflow", {})
    for number in (1, 2, 3):
        record = {"run_id": f"run{number}", "sha256": str(number) * 64, "step": 8, "trained_steps": 8, "chosen": "the last", "data": DATA}
        recorder.begin(record["run_id"], {}, {})
        registry.promote(recorder.register(record["run_id"], Generator(), record).number)
    return registry


def call(*arguments, expect=0):
    result = CliRunner().invoke(champion, arguments)
    assert result.exit_code == expect, result.output
    return result.output


def test_going_back_to_a_version_and_to_one_that_is_not_there(registry):
    assert call("rollback", "--to", "1") == "Version 1 is champion again; version 3 is kept as the previous one.\n"
    assert registry.by_alias(CHAMPION).number == 1
    assert "There is no version 9 of 'ganflow': there are [1, 2, 3]" in call("rollback", "--to", "9", expect=1)
    assert "version 1 is the champion, and version 1 was asked for" in call("rollback", "--to", "1", expect=1)
    assert registry.by_alias(CHAMPION).number == 1
    shown = call("history").splitlines()
    assert [line.partition(":")[0] for line in shown] == ["version 1 [champion]", "version 2", "version 3 [previous]"]
    assert "rolled back" in shown[2]
    # and where no version is named, to the one before
    assert call("rollback") == "Version 3 is champion again; version 1 is kept as the previous one.\n"


def test_after_a_roll_back_that_was_cut_off_the_one_before_is_shown(registry):
    # the champion was moved, and nothing else was done
    with killed_before_call(1) as calls:
        registry.roll_back()
    assert calls.was_killed
    lines = call("show").splitlines()
    assert lines[0].startswith("version   2 of 'ganflow', champion since")
    assert lines[-1] == "previous  version 3"
    assert call("rollback") == "Version 3 is champion again; version 2 is kept as the previous one.\n"
