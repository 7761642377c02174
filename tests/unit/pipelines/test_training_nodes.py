"""The training node streams in the order that crashes need."""

import re

import numpy as np
import pandas as pd
import pytest

from base_parameters import section
from ganflow.config.health import HealthParameters
from ganflow.config.training import OptimizerParameters
from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError, CollapseError, ConfigurationError, DataError, DivergenceError
from ganflow.networks import check_record
from ganflow.pipelines.training.nodes import check_batch, export_generator, identify_run, measure_real_images, train_gan
from ganflow.training.state import network_arrays
from ganflow.training.streams import STREAMED


@pytest.fixture(scope="module")
def run(labelled, fingerprint, architectures, training_parameters):
    return identify_run(labelled, fingerprint, *architectures, {}, training_parameters)


NOTHING = {}
HEALTH = section(HealthParameters, warmup_steps=0, score_every=6, num_samples=10, batch_size=5)
STOP = HEALTH.model_copy(update={"on_collapse": "stop"})

# a generator that does not move keeps drawing what it drew at first: next to nothing
STILL = {"generator_optimizer": section(OptimizerParameters, name="adam", learning_rate=1e-12), "interval": 1}


@pytest.fixture(scope="module")
def real_images(labelled, extractor):
    return measure_real_images(labelled, extractor, {"class_names": ["even", "odd"]}, HEALTH)


@pytest.fixture(scope="module")
def chunks_of(labelled, architectures, run, real_images, training_parameters):
    """Function that trains and returns an iterator of all chunks."""

    def train(checkpoints=(), history=(), initial_state=NOTHING, health=HEALTH, **changes):
        parameters = training_parameters.model_copy(update=changes)
        return train_gan(labelled, *architectures, run, dict(checkpoints), dict(history), initial_state, real_images, parameters, health)

    return train


@pytest.fixture(scope="module")
def whole(chunks_of):
    """All chunks of a run that nothing befalls: its beginning in two, then steps 3, 6 and 8."""
    return tuple(chunks_of())


@pytest.fixture(scope="module")
def stopped(chunks_of):
    """What a run whose generator stands still leaves until the doctor stops it, at step 3, and the error."""
    stream, seen = chunks_of(health=STOP, **STILL), []
    with pytest.raises(CollapseError) as error:
        seen.extend(iter(lambda: next(stream), None))
    return seen, str(error.value)


def as_series(chunks, run_id, name="checkpoints"):
    saved = {step: value for chunk in chunks for step, value in chunk[name].get(run_id, {}).items()}
    return {run_id: {step: (lambda value=value: value) for step, value in saved.items()}}


def as_table(chunks, run_id):
    rows = [chunk["training_history"][run_id] for chunk in chunks if len(chunk["training_history"].get(run_id, ()))]
    return {run_id: pd.concat(rows, ignore_index=True)}


def test_a_run_is_its_data_networks_and_parameters(labelled, fingerprint, architectures, training_parameters, run):
    def identify(sha256="a" * 64, networks=architectures, initial_state=NOTHING, **changes):
        parameters = training_parameters.model_copy(update=changes)
        return identify_run(labelled, fingerprint | {"sha256": sha256}, *networks, initial_state, parameters)["run_id"]

    assert identify() == identify(num_steps=99) == identify(interval=1) == run["run_id"]
    others = [identify("b"), identify(networks=architectures[::-1]), identify(seed=1), identify(sheet_columns=3)]
    others += [identify(initial_state={"arrays": {}, "metadata": {"run_id": "x", "step": step}}) for step in (5, 6)]
    assert len({identify(), *others}) == 7


def test_images_that_are_not_the_fingerprinted_ones_are_refused(images, fingerprint, architectures, training_parameters):
    with pytest.raises(DataError, match="of different data.*kedro run --pipelines data"):
        identify_run(ImageSet(images + 1), fingerprint, *architectures, {}, training_parameters)


def test_a_batch_that_is_larger_than_the_set_is_refused(fingerprint, training_parameters):
    fingerprint = fingerprint | {"num_train": 24}
    check_batch(fingerprint, training_parameters.model_copy(update={"batch_size": 24}))
    with pytest.raises(ConfigurationError, match="24 training images, fewer than training.batch_size = 25"):
        check_batch(fingerprint, training_parameters.model_copy(update={"batch_size": 25}))


def test_every_chunk_has_row_sheet_diagnosis_and_checkpoint_of_one_step(whole, run):
    run_id = run["run_id"]
    for chunk, step in zip(whole[2:], (3, 6, 8), strict=True):
        assert list(chunk) == list(STREAMED)
        assert chunk["training_history"][run_id]["step"].tolist() == [step]
        assert chunk["training_sheets"][run_id][step].shape == (17, 17, 1)
        assert chunk["diagnosis"][run_id]["step"] == step
        assert chunk["checkpoints"][run_id][step]["metadata"] == {"run_id": run_id, "step": step}


def test_a_beginning_ends_the_past_before_it_removes_its_records(whole, run):
    first, second, *_ = whole
    run_id = run["run_id"]
    assert list(first["checkpoints"][run_id]) == [0]
    assert [name for name, value in first.items() if value] == ["checkpoints"]
    assert second["checkpoints"] == {}
    assert second["training_history"][run_id].empty
    assert [list(second[name][run_id]) for name in ("training_sheets", "best_checkpoints")] == [[0], [0]]


def test_a_finished_run_yields_one_empty_chunk(chunks_of, whole, run):
    earlier = as_series(whole, run["run_id"])
    assert list(chunks_of(earlier)) == [{name: {} for name in STREAMED}]


def test_scores_come_when_they_are_due_and_at_the_end(whole, run):
    table = as_table(whole, run["run_id"])[run["run_id"]]
    assert table["kernel_distance"].notna().tolist() == [False, True, True]
    assert table["num_classes_reached"].dropna().isin([0, 1, 2]).all()
    scores = table["kernel_distance"].to_numpy()
    # the best of what has been scored so far: nothing, step 6, and step 8 unless it is worse by more than the error
    limit = scores[1] + table["kernel_distance_standard_error"].to_numpy()[1]
    np.testing.assert_array_equal(table["best_step"], [np.nan, 6, 8 if scores[2] <= limit else 6])


def test_the_best_checkpoint_is_that_of_the_best_score_and_no_other(whole, run):
    run_id = run["run_id"]
    for chunk in whole[2:]:
        (row,) = chunk["training_history"][run_id].to_dict(orient="records")
        is_best = row["best_step"] == row["step"]
        assert list(chunk["best_checkpoints"].get(run_id, {})) == ([row["step"]] if is_best else [])
        if is_best:
            arrays = chunk["best_checkpoints"][run_id][row["step"]]["arrays"]
            state = chunk["checkpoints"][run_id][row["step"]]["arrays"]
            assert arrays.keys() == {name for name in state if name.startswith("average_generator/")}


def test_a_resumed_run_scores_and_diagnoses_as_if_it_had_not_stopped(chunks_of, whole, run):
    run_id = run["run_id"]
    until_six = as_series(whole[:4], run_id), as_table(whole[:4], run_id)
    (resumed,) = chunks_of(*until_six)
    timed = ["images_per_second"]
    pd.testing.assert_frame_equal(
        resumed["training_history"][run_id].drop(columns=timed), whole[-1]["training_history"][run_id].drop(columns=timed)
    )
    assert resumed["diagnosis"] == whole[-1]["diagnosis"]
    assert resumed["best_checkpoints"].keys() == whole[-1]["best_checkpoints"].keys()


@pytest.mark.parametrize("scores", [(0.5, 0.2, 0.3), (0.5, 0.6, 0.7)])
def test_the_best_of_a_complete_training_is_exported(whole, run, architectures, training_parameters, scores):
    run_id, steps = run["run_id"], (3, 6, 8)
    checkpoints = as_series(whole, run_id)
    # every step as a candidate, with scores of our own
    columns = {"step": steps, "kernel_distance": scores, "kernel_distance_standard_error": 0.01, "extractor": "one"}
    table = {run_id: pd.DataFrame(columns)}
    exported = export_generator(checkpoints, checkpoints, table, run, architectures[0], training_parameters)
    record, best = exported["generator_record"], steps[int(np.argmin(scores))]
    assert (record["step"], record["trained_steps"], record["kernel_distance"]) == (best, 8, min(scores))
    assert f"of 3 scored steps whose kernel distance to training images, {min(scores)} ± 0.01," in record["chosen"]
    arrays = checkpoints[run_id][best]()["arrays"]
    np.testing.assert_array_equal(exported["generator"].get_layer("projection").kernel, arrays["average_generator/projection/kernel"])
    check_record(exported["generator"], record)
    with pytest.raises(CheckpointError, match="reached step 6 of 8"):
        export_generator(as_series(whole[:-1], run_id), checkpoints, table, run, architectures[0], training_parameters)
    with pytest.raises(CheckpointError, match=f"at step {best} .* is not there; there are \\[\\]"):
        export_generator(checkpoints, {}, table, run, architectures[0], training_parameters)
    with pytest.raises(CheckpointError, match="has a score"):
        export_generator(checkpoints, checkpoints, {run_id: table[run_id][["step"]]}, run, architectures[0], training_parameters)


def test_a_serious_finding_stops_the_run_once_it_is_saved_if_that_is_asked_for(stopped, run):
    chunks, error = stopped
    assert re.search(r"Stopped at step 3, which is saved.*Blank images.*learning_rate.*health.on_collapse=warn", error)
    assert chunks[-1]["diagnosis"][run["run_id"]]["healthy"] is False
    assert list(chunks[-1]["checkpoints"][run["run_id"]]) == [3]


def test_a_serious_finding_is_warned_of_once(chunks_of, run, caplog):
    *_, last = chunks_of(**STILL)
    assert last["diagnosis"][run["run_id"]]["healthy"] is False
    assert list(last["checkpoints"][run["run_id"]]) == [8]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING" and "Blank" in record.getMessage()]
    assert len(warnings) == 1


@pytest.mark.parametrize("num_steps", [3, 8])
def test_a_run_that_was_stopped_stays_stopped_until_that_is_allowed(chunks_of, stopped, run, num_steps):
    reached = as_series(stopped[0], run["run_id"]), as_table(stopped[0], run["run_id"])
    with pytest.raises(CollapseError, match="Stopped at step 3"):
        next(chunks_of(*reached, health=STOP, num_steps=num_steps, **STILL))
    assert len(list(chunks_of(*reached, num_steps=num_steps, **STILL))) == max(1, num_steps - 3)


def test_a_class_that_hardly_any_real_image_has_is_not_missed(images, extractor):
    alone = measure_real_images(ImageSet(np.repeat(images[:1], 3, axis=0)), extractor, {"class_names": ["even", "odd"]}, HEALTH)
    assert (alone["row"]["num_classes_reached"], alone["num_classes"]) == (1.0, 2)


def test_a_diverged_run_leaves_its_diagnosis_and_nothing_else(chunks_of, run):
    wild = section(OptimizerParameters, name="rmsprop", learning_rate=1e30)
    stream = chunks_of(generator_optimizer=wild, discriminator_optimizer=wild)
    chunks = []
    with pytest.raises(DivergenceError):
        chunks.extend(iter(lambda: next(stream), None))
    *_, last = chunks
    (finding,) = [finding for finding in last.pop("diagnosis")[run["run_id"]]["findings"] if finding["name"] == "divergence"]
    assert "learning_rate" in finding["remedy"]
    assert set(map(str, last.values())) == {"{}"}


def test_a_warm_start_takes_over_the_networks_and_counts_from_0(chunks_of, whole, run):
    last = as_series(whole, run["run_id"])[run["run_id"]][3]()["arrays"]
    beginning = next(chunks_of(initial_state={"arrays": network_arrays(last), "metadata": {}}))
    first = beginning["checkpoints"][run["run_id"]][0]["arrays"]
    networks = network_arrays(last)
    assert {name.partition("/")[0] for name in networks} == {"generator", "discriminator", "average_generator"}
    assert int(first["step"]) == 0
    assert all(np.array_equal(first[name], networks[name]) for name in networks)
    # the optimizers start anew, as they did in the cold run
    begin = as_series(whole, run["run_id"])[run["run_id"]][0]()["arrays"]
    assert all(np.array_equal(first[name], begin[name]) for name in first.keys() - networks.keys())


def test_networks_of_another_architecture_are_no_start(chunks_of):
    with pytest.raises(ConfigurationError, match="of other architectures.*retraining.warm_start=false"):
        next(chunks_of(initial_state={"arrays": {"generator/other": np.zeros(3)}, "metadata": {}}))
