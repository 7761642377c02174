"""What earlier versions have left in data/ is brought into the folders of the runs, whatever happens in between."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganflow.errors import ConfigurationError
from ganflow.hooks.migration import MigrationHooks, migrate

OLD = {
    "06_models/checkpoints/run-a/step-0000100.safetensors": "runs/run-a/checkpoints/step-0000100.safetensors",
    "06_models/checkpoints/run-a/step-0000200.safetensors": "runs/run-a/checkpoints/step-0000200.safetensors",
    "06_models/checkpoints/run-b/step-0000100.safetensors": "runs/run-b/checkpoints/step-0000100.safetensors",
    "06_models/best_checkpoints/run-a/step-0000200.safetensors": "runs/run-a/best_checkpoints/step-0000200.safetensors",
    "07_model_output/training_sheets/run-a/step-0000100.png": "runs/run-a/sheets/step-0000100.png",
    "08_reporting/training_history/run-a.csv": "runs/run-a/history.csv",
    "08_reporting/diagnosis/run-a.json": "runs/run-a/diagnosis.json",
    "08_reporting/decisions/run-a.json": "runs/run-a/decision.json",
    "08_reporting/decisions/run-b.json": "runs/run-b/decision.json",
}
OBSOLETE = ("train_images", "train_labels", "held_out_images", "held_out_labels")
OTHERS = ("06_models/generator.keras/2026/generator.keras", "08_reporting/metrics.json", "05_model_input/fingerprint.json")


def write(project, names):
    for name in names:
        file = project / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)


@pytest.fixture
def project(tmp_path):
    write(tmp_path, [*OLD, *(f"05_model_input/{name}.npy" for name in OBSOLETE), *OTHERS])
    return tmp_path


def contents(project):
    return {path.relative_to(project / "data").as_posix(): path.read_text() for path in (project / "data").rglob("*") if path.is_file()}


MOVED = {f"06_models/{new}": old for old, new in OLD.items()} | {name: name for name in OTHERS}


def test_everything_of_a_run_is_in_its_folder_and_nothing_else_is_touched(project, caplog):
    caplog.set_level(logging.INFO)
    migrate(project)
    assert contents(project) == MOVED
    # two runs have checkpoints, one has best checkpoints and sheets; four files of records
    assert "Moved 8 files and folders of runs by an earlier version" in caplog.text
    assert "Removed data/05_model_input/train_images.npy, " in caplog.text
    assert not (project / "data/08_reporting/training_history").exists()
    caplog.clear()
    migrate(project)
    assert (contents(project), caplog.text) == (MOVED, "")


class CutOffError(Exception):
    pass


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("number", range(12))
def test_cut_off_anywhere_and_called_again_it_completes(project, monkeypatch, place, number):
    left = iter(range(number))

    def cut(function):
        def call(*arguments, **options):
            is_due = next(left, None) is None
            if is_due and place == "before":
                raise CutOffError
            function(*arguments, **options)
            if is_due:
                raise CutOffError

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", cut(Path.rename))
        patch.setattr(Path, "unlink", cut(Path.unlink))
        with pytest.raises(CutOffError):
            migrate(project)
    assert len(contents(project)) >= len(MOVED)
    migrate(project)
    assert contents(project) == MOVED


def test_nothing_is_written_over(project, caplog):
    write(project, ["06_models/runs/run-a/history.csv"])
    migrate(project)
    assert contents(project)["06_models/runs/run-a/history.csv"] == "06_models/runs/run-a/history.csv"
    assert contents(project)["08_reporting/training_history/run-a.csv"] == "08_reporting/training_history/run-a.csv"
    assert "training_history/run-a.csv was left where it is, since" in caplog.text


def test_what_a_save_that_was_cut_off_has_left_is_no_run(project):
    write(project, ["08_reporting/diagnosis/.run-a.json.0123abcd.partial.json"])
    migrate(project)
    assert "08_reporting/diagnosis/.run-a.json.0123abcd.partial.json" in contents(project)
    assert len(contents(project)) == len(MOVED) + 1


def test_a_folder_that_cannot_be_written_to_is_one_line(project):
    hooks = MigrationHooks()
    hooks.after_context_created(SimpleNamespace(project_path=project))
    with pytest.MonkeyPatch.context() as patch:

        def refuse(old, new):
            raise PermissionError(13, "Permission denied", str(old))

        patch.setattr(Path, "rename", refuse)
        with pytest.raises(ConfigurationError, match=r"Got Permission denied for .*run-a\.csv, .* Make data/ writable, and run again"):
            hooks.before_pipeline_run()
    hooks.before_pipeline_run()
    assert contents(project) == MOVED
