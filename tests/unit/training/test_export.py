"""Training can be written down as a program for an accelerator, whatever this machine can do itself."""

import json

import pytest

from ganflow.training import devices


@pytest.fixture
def export(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / "benchmarks")
    # a processor that would have to emulate bfloat16
    monkeypatch.setattr(devices, "_processor_flags", frozenset)
    from export_step import export

    return export


@pytest.mark.parametrize(("preset", "updates"), [("base", 1), ("wgan", 5)])
def test_the_program_of_a_preset_has_all_of_its_updates(export, tmp_path, preset, updates):
    export(tmp_path, preset, {"precision": "bfloat16", "batch_size": 8}, 2)
    about = json.loads((tmp_path / "step.json").read_text())
    assert (about["images_per_step"], about["steps_per_call"]) == (8 * updates, 2)
    program = (tmp_path / "step.mlir").read_text()
    assert "bf16" in program
    # what a call changes goes into the next one
    assert len(about["input_of_output"]) > 20
    # the loop over the steps, and where there are several updates the one over them; each runs in XLA from end to end
    assert program.count("stablehlo.while") >= 1 + (updates > 1)
