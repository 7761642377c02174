"""The training node streams in the order that crashes need."""

import numpy as np
import pytest

from ganflow.data.splits import hash_array
from ganflow.errors import CheckpointError, ConfigurationError, DataError
from ganflow.networks import check_record
from ganflow.pipelines.training.nodes import export_generator, identify_run, train_gan


@pytest.fixture
def fingerprint(images):
    return {"sha256": "a" * 64, "train_images_sha256": hash_array(images)}


@pytest.fixture
def run(images, fingerprint, architectures, training_parameters):
    return identify_run(images, fingerprint, *architectures, training_parameters)


def as_series(chunks, run_id):
    saved = {step: value for chunk in chunks for step, value in chunk["checkpoints"].get(run_id, {}).items()}
    return {run_id: {step: (lambda value=value: value) for step, value in saved.items()}}


def test_a_run_is_its_data_networks_and_parameters(images, fingerprint, architectures, training_parameters, run):
    def identify(sha256="a" * 64, networks=architectures, **changes):
        parameters = training_parameters.model_copy(update=changes)
        return identify_run(images, fingerprint | {"sha256": sha256}, *networks, parameters)["run_id"]

    assert identify() == identify(num_steps=99) == identify(interval=1) == run["run_id"]
    assert len({identify(), identify("b"), identify(networks=architectures[::-1]), identify(seed=1), identify(sheet_columns=3)}) == 5


def test_images_that_are_not_the_fingerprinted_ones_are_refused(images, fingerprint, architectures, training_parameters):
    with pytest.raises(DataError, match="of different data.*kedro run --pipelines data"):
        identify_run(images + 1, fingerprint, *architectures, training_parameters)


def test_too_few_images_are_refused_before_anything_is_saved(images, fingerprint, architectures, training_parameters):
    with pytest.raises(ConfigurationError, match="fewer than training.batch_size = 25"):
        identify_run(images, fingerprint, *architectures, training_parameters.model_copy(update={"batch_size": 25}))


def test_every_chunk_has_row_sheet_and_checkpoint_of_one_step(images, architectures, training_parameters, run):
    chunks = list(train_gan(images, *architectures, run, {}, training_parameters))
    run_id = run["run_id"]
    for chunk, step in zip(chunks[2:], (3, 6, 8), strict=True):
        assert list(chunk) == ["training_history", "training_sheets", "checkpoints"]
        assert chunk["training_history"][run_id]["step"].tolist() == [step]
        assert chunk["training_sheets"][run_id][step].shape == (17, 17, 1)
        assert chunk["checkpoints"][run_id][step]["metadata"] == {"run_id": run_id, "step": step}


def test_a_beginning_ends_the_past_before_it_removes_its_records(images, architectures, training_parameters, run):
    first, second, *_ = train_gan(images, *architectures, run, {}, training_parameters)
    run_id = run["run_id"]
    assert (first["training_history"], first["training_sheets"], list(first["checkpoints"][run_id])) == ({}, {}, [0])
    assert second["checkpoints"] == {}
    assert second["training_history"][run_id].empty
    assert list(second["training_sheets"][run_id]) == [0]


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
    check_record(exported["generator"], exported["generator_record"])
    with pytest.raises(CheckpointError, match="reached step 6 of 8"):
        export_generator(as_series(chunks[:-1], run["run_id"]), run, architectures[0], training_parameters)
