"""Training can be written down as a program for an accelerator, whatever this machine can do itself."""

import json

import pytest

from ganflow.runtime import devices


@pytest.fixture
def export(project_root, monkeypatch):
    monkeypatch.syspath_prepend(project_root / "benchmarks")
    # a processor that would have to emulate bfloat16
    monkeypatch.setattr(devices, "_processor_flags", frozenset)
    from export_step import export

    return export


def check_program(folder, updates):
    """Return the number of loops in it."""
    about = json.loads((folder / "step.json").read_text())
    assert (about["images_per_step"], about["steps_per_call"]) == (8 * updates, 2)
    # what a call changes goes into the next one
    assert len(about["input_of_output"]) > 20
    program = (folder / "step.mlir").read_text()
    assert "bf16" in program
    return program.count("stablehlo.while")


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_the_loop_that_xla_compiles_gives_the_numbers_of_the_plain_loop")
def test_the_program_of_small_networks_has_all_of_their_updates(export, tmp_path):
    export(tmp_path, "smoke", {"precision": "bfloat16", "batch_size": 8, "discriminator_steps": 5}, 2)
    # over the steps; and over the updates but the last
    assert check_program(tmp_path, 5) > 1


@pytest.mark.longer(twin="tests/unit/runtime/test_devices.py::test_the_loop_that_xla_compiles_gives_the_numbers_of_the_plain_loop")
def test_the_program_of_a_preset_has_all_of_its_updates(export, tmp_path):
    loops = {}
    for updates in (1, 5):
        export(tmp_path / str(updates), "base", {"precision": "bfloat16", "batch_size": 8, "discriminator_steps": updates}, 2)
        loops[updates] = check_program(tmp_path / str(updates), updates)
    assert loops[5] > loops[1] == 1
