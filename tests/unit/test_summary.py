"""The first words of a run and its last."""

import logging
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline

from ganflow.datasets import ImageDataset, JSONDataset, TextDataset
from ganflow.hooks.summary import SummaryHooks, describe_outcome

HEALTHY = {"abc": {"healthy": True, "step": 20, "findings": []}}
RECORD = {"run_id": "abc", "step": 10, "trained_steps": 20}


@pytest.fixture
def catalog(tmp_path):
    return DataCatalog(
        {
            "durations": JSONDataset(filepath=tmp_path / "data/durations.json"),
            "report": TextDataset(filepath=tmp_path / "data/report.html"),
        }
    )


def tell(catalog, project, pipeline, saved, caplog, **params):
    """All that is said of one run."""
    caplog.clear()
    caplog.set_level(logging.INFO, logger="ganflow.hooks.summary")
    hooks, told = SummaryHooks(), {"pipeline_names": None, "env": None, "runtime_params": {}} | params
    hooks.after_context_created(SimpleNamespace(project_path=project))
    hooks.before_pipeline_run(told, pipeline, catalog)
    for name, data in saved:
        hooks.after_dataset_saved(name, data)
    hooks.after_pipeline_run(told, pipeline, catalog)
    return caplog.text


def training(*, anew):
    """What a training saves: an empty history first, if it starts anew."""
    nothing = [("training_history", {"abc": pd.DataFrame({"step": []})})] if anew else []
    return [*nothing, *(("training_history", {"abc": pd.DataFrame({"step": [step]})}) for step in (15, 20))]


PIPELINE = Pipeline([Node(lambda: None, None, "training_history", name="train")])


def test_a_run_is_told_by_how_long_the_last_one_like_it_took(catalog, tmp_path, caplog):
    first = tell(catalog, tmp_path, PIPELINE, training(anew=True), caplog)
    assert "Begins: the whole job, 1 nodes." in first
    assert "Done in 0 s." in first
    assert "the last one like it took 0 s" not in first
    (name,) = catalog.load("durations")
    catalog.save("durations", {name: 227.0})
    assert "the last one like it took 4 min" in tell(catalog, tmp_path, PIPELINE, [], caplog)
    # another preset, or another parameter, is not like it
    assert "the last one" not in tell(catalog, tmp_path, PIPELINE, [], caplog, env="classic")
    assert "the last one" not in tell(catalog, tmp_path, PIPELINE, [], caplog, runtime_params={"training": {"num_steps": 9}})
    part = tell(catalog, tmp_path, PIPELINE, [], caplog, node_names=["train"])
    assert "Begins: a part of the whole job, 1 nodes." in part


def test_a_run_that_found_its_training_begun_says_nothing_about_the_next(catalog, tmp_path, caplog):
    tell(catalog, tmp_path, PIPELINE, training(anew=False), caplog)
    tell(catalog, tmp_path, PIPELINE, [], caplog)
    assert not catalog.exists("durations")


def test_a_damaged_record_of_durations_is_written_anew(catalog, tmp_path, caplog):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/durations.json").write_text("no json")
    assert "Begins: the whole job, 1 nodes." in tell(catalog, tmp_path, PIPELINE, training(anew=True), caplog)
    assert len(catalog.load("durations")) == 1


def test_what_is_worth_a_look_is_named_by_its_path_in_the_project(catalog, tmp_path, caplog):
    assert "Report: data/report.html" in tell(catalog, tmp_path, PIPELINE, [("report", "<html>")], caplog)
    assert "Report" not in tell(catalog, tmp_path, PIPELINE, [], caplog)


def test_a_clip_is_named_by_the_file_that_it_is_in(catalog, tmp_path, caplog):
    catalog["sample_sheet"] = ImageDataset(filepath=tmp_path / "data/sheet.png")
    for pixels, name in ((np.zeros((2, 4, 4, 1), np.uint8), "sheet.webp"), (np.zeros((4, 4, 1), np.uint8), "sheet.png")):
        catalog.save("sample_sheet", pixels)
        assert f"Sample sheet: data/{name}" in tell(catalog, tmp_path, PIPELINE, [("sample_sheet", pixels)], caplog)


def test_what_was_done_is_told_also_where_the_last_thing_fails(catalog, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="ganflow.hooks.summary")
    catalog["diagnosis"] = MemoryDataset(HEALTHY)
    hooks = SummaryHooks()
    hooks.before_pipeline_run({"pipeline_names": None, "env": None, "runtime_params": {}}, PIPELINE, catalog)
    hooks.on_pipeline_error(catalog)
    assert "doctor" not in caplog.text
    hooks.after_dataset_saved("generator_record", RECORD)
    hooks.on_pipeline_error(catalog)
    assert "The doctor found nothing wrong." in caplog.text
    assert "Done" not in caplog.text


def test_the_last_words_say_what_was_done_and_how_good_it_is():
    scores = {name: {"frechet_distance_9_heldout": value} for name, value in (("generator", 2), ("real_images", 1), ("noise", 900))}
    data = {"image_shape": [8, 8, 1], "num_train": 40, "num_held_out": 10, "source": "npz"}
    assert describe_outcome({"data_report": data}, {}) == ["40 training and 10 held-out images of 8 × 8 × 1, from npz."]
    main = describe_outcome({"data_report": data, "metrics": {"scores": scores}, "generator_record": RECORD}, HEALTHY)
    assert [line.split()[0] for line in main] == ["The", "The", "Next:"]
    conditions = [{"name": "healthy", "passed": True}, {"name": "recall_not_worse", "passed": False}]
    decided = {"run_id": "abc", "promote": False, "conditions": conditions}
    told = describe_outcome({"generator_record": RECORD, "decisions": {"abc": decided}}, {})
    assert told == ["The doctor did not watch this run.", "The challenger abc was rejected: recall_not_worse did not hold."]
    studied = describe_outcome({"study_runs": pd.DataFrame({"outcome": ["healthy", "diverged"]})}, {})
    assert studied == ["2 runs were studied; 1 of them are healthy."]
