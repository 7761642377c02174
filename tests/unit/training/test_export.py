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


def test_the_program_of_a_preset_has_all_of_its_updates(export, tmp_path):
    loops = {}
    for preset, changes, updates in (("base", {}, 1), ("base", {"discriminator_steps": 5}, 5)):
        folder = tmp_path / str(updates)
        export(folder, preset, {"precision": "bfloat16", "batch_size": 8} | changes, 2)
        about = json.loads((folder / "step.json").read_text())
        assert (about["images_per_step"], about["steps_per_call"]) == (8 * updates, 2)
        # what a call changes goes into the next one
        assert len(about["input_of_output"]) > 20
        program = (folder / "step.mlir").read_text()
        assert "bf16" in program
        loops[updates] = program.count("stablehlo.while")
    # over the steps; and over the updates but the last
    assert loops[5] > loops[1] == 1
