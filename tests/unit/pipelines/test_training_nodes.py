"""The training node streams in the order that crashes need."""

import numpy as np
import pytest

from ganflow.errors import CheckpointError
from ganflow.pipelines.training.nodes import export_generator, identify_run, train_gan

FINGERPRINT = {"sha256": "a" * 64}


@pytest.fixture
def run(architectures, training_parameters):
    return identify_run(FINGERPRINT, *architectures, training_parameters)


def as_series(chunks, run_id):
    saved = {step: value for chunk in chunks for step, value in chunk["checkpoints"].get(run_id, {}).items()}
    return {run_id: {step: (lambda value=value: value) for step, value in saved.items()}}


def test_a_run_is_its_data_networks_and_parameters(architectures, training_parameters, run):
    def identify(fingerprint=FINGERPRINT, networks=architectures, **changes):
        return identify_run(fingerprint, *networks, training_parameters.model_copy(update=changes))["run_id"]

    assert identify() == identify(num_steps=99) == identify(interval=1) == run["run_id"]
    assert len({identify(), identify({"sha256": "b"}), identify(networks=architectures[::-1]), identify(seed=1)}) == 4


def test_every_chunk_has_row_sheet_and_checkpoint_of_one_step(images, architectures, training_parameters, run):
    chunks = list(train_gan(images, *architectures, run, {}, training_parameters))
    run_id = run["run_id"]
    for chunk, step in zip(chunks, (3, 6, 8), strict=True):
        assert list(chunk) == ["training_history", "training_sheets", "checkpoints"]
        assert chunk["training_history"][run_id]["step"].tolist() == [step]
        assert chunk["training_sheets"][run_id][step].shape == (17, 17, 1)
        assert chunk["checkpoints"][run_id][step]["metadata"] == {"run_id": run_id, "step": step}


def test_a_finished_run_yields_one_empty_chunk(images, architectures, training_parameters, run):
    chunks = list(train_gan(images, *architectures, run, {}, training_parameters))
    earlier = as_series(chunks, run["run_id"])
    again = list(train_gan(images, *architectures, run, earlier, training_parameters))
    assert again == [{"training_history": {}, "training_sheets": {}, "checkpoints": {}}]


def test_only_a_complete_training_is_exported(images, architectures, training_parameters, run):
    chunks = list(train_gan(images, *architectures, run, {}, training_parameters))
    exported = export_generator(as_series(chunks, run["run_id"]), run, architectures[0], training_parameters)
    arrays = chunks[-1]["checkpoints"][run["run_id"]][8]["arrays"]
    np.testing.assert_array_equal(exported["generator"].get_layer("projection").kernel, arrays["average_generator/projection/kernel"])
    assert exported["generator_record"]["step"] == 8
    with pytest.raises(CheckpointError, match="reached step 6 of 8"):
        export_generator(as_series(chunks[:-1], run["run_id"]), run, architectures[0], training_parameters)
