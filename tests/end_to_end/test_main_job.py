"""The main job runs from nothing to scores, and leaves what it promises."""

import csv
import json
import os

import numpy as np
import pytest
from PIL import Image


def test_every_artefact_is_there(finished):
    files = set(finished.files())
    run_id = finished.run_id()
    assert {
        "05_model_input/fingerprint.json",
        "06_models/generator_architecture.json",
        "06_models/discriminator_architecture.json",
        "06_models/feature_extractor.safetensors",
        "06_models/training_run.json",
        "07_model_output/sample_sheet.png",
        "07_model_output/interpolation.png",
        "07_model_output/evolution.png",
        "08_reporting/layers.csv",
        "08_reporting/metrics.json",
        "08_reporting/metrics.csv",
        f"06_models/runs/{run_id}/history.csv",
        f"06_models/runs/{run_id}/diagnosis.json",
    } <= files
    # of clips only
    assert not [name for name in files if name.endswith(".webp") or "frame_strip" in name]
    assert not [name for name in files if ".partial" in name or ".previous" in name]


def test_the_newest_three_checkpoints_are_kept(finished):
    names = sorted(path.name for path in finished.checkpoint(20).parent.iterdir())
    assert names == [f"step-{step:07d}.safetensors" for step in (10, 15, 20)]


def test_the_fingerprint_names_the_data(finished):
    fingerprint = json.loads(finished.files()["05_model_input/fingerprint.json"])
    assert (fingerprint["num_train"], fingerprint["num_held_out"], fingerprint["image_shape"]) == (4000, 1000, [28, 28, 1])
    assert len(fingerprint["sha256"]) == 64
    record = next(content for name, content in finished.files().items() if "generator_record" in name)
    assert json.loads(record)["data"] == fingerprint


def test_history_and_progress_have_every_interval(finished):
    history = (finished.root / f"data/06_models/runs/{finished.run_id()}/history.csv").read_text().splitlines()
    assert [row["step"] for row in csv.DictReader(history)] == ["5", "10", "15", "20"]
    log = (finished.root / "first-run.log").read_text()
    assert [f"step {step}/20" in log for step in (5, 10, 15, 20)] == [True] * 4
    assert "starts anew" in log


def test_the_best_scored_step_is_exported_and_history_says_which(finished):
    history = (finished.root / f"data/06_models/runs/{finished.run_id()}/history.csv").read_text().splitlines()
    scored = [row for row in csv.DictReader(history) if row["kernel_distance"]]
    scores = {int(row["step"]): float(row["kernel_distance"]) for row in scored}
    assert set(scores) == {10, 20}
    lowest = min(scores, key=scores.get)
    (error,) = [float(row["kernel_distance_standard_error"]) for row in scored if int(row["step"]) == lowest]
    best = max(step for step, distance in scores.items() if distance <= scores[lowest] + error)
    assert list(csv.DictReader(history))[-1]["best_step"] == str(best)
    record = json.loads(next(content for name, content in finished.files().items() if "generator_record" in name))
    assert (record["step"], record["trained_steps"], record["kernel_distance"]) == (best, 20, scores[best])
    assert "of 2 scored steps" in record["chosen"]


def test_the_diagnosis_is_of_the_last_step_and_has_what_the_settings_call_for(finished):
    diagnosis = json.loads(finished.files()[f"06_models/runs/{finished.run_id()}/diagnosis.json"])
    assert diagnosis["step"] == 20
    assert diagnosis["healthy"]
    # the smoke networks' dropout of 0.1
    assert [finding["name"] for finding in diagnosis["findings"]] == ["dropout", "dropout"]
    assert "networks.generator.dropout" in (finished.root / "first-run.log").read_text()


@pytest.mark.parametrize(
    ("name", "columns", "rows", "frames"), [("sample_sheet.png", 4, 10, 1), ("interpolation.png", 12, 8, 1), ("evolution.png", 4, 10, 5)]
)
def test_pictures_have_the_promised_sizes(finished, name, columns, rows, frames):
    with Image.open(finished.root / "data/07_model_output" / name) as picture:
        # 28 pixels for each image, and one between two; a row for each digit
        assert picture.size == (29 * columns - 1, 29 * rows - 1)
        assert getattr(picture, "n_frames", 1) == frames


def test_scores_stand_between_floor_and_ceiling(finished):
    metrics = json.loads(finished.files()["08_reporting/metrics.json"])
    scores = metrics["scores"]
    assert set(scores) == {"generator", "real_images", "noise"}
    assert scores["real_images"]["frechet_distance_500_heldout"] < scores["noise"]["frechet_distance_500_heldout"]
    assert all(np.isfinite(value) for subject in scores.values() for value in subject.values())
    assert metrics["feature_extractor"]["accuracy"] > 0.2
    assert len(metrics["feature_extractor"]["sha256"]) == 64
    rows = list(csv.DictReader(finished.files()["08_reporting/metrics.csv"].decode().splitlines()))
    assert {row["metric"]: float(row["generator"]) for row in rows} == pytest.approx(scores["generator"])


def test_repeating_a_finished_run_trains_nothing_and_keeps_the_extractor(finished, tmp_path):
    again = finished.copy(tmp_path / "again")
    before = again.files()
    output = again.smoke()
    assert "has done all of its 20 steps already" in output
    assert "stored feature extractor" in output
    after = again.files()
    kept = [name for name in before if "checkpoints" in name or "training_" in name or "feature_extractor" in name or "diagnosis" in name]
    assert kept
    assert [name for name in kept if before[name] != after[name]] == []
    # exports are versions: the earlier one is still there
    assert sum(name.endswith("generator.keras") for name in after) == 1 + sum(name.endswith("generator.keras") for name in before)


def test_sampling_alone_uses_the_existing_model(finished, tmp_path):
    again = finished.copy(tmp_path / "again")
    before = again.files()
    again.smoke("--pipelines", "sampling", "--params", "sampling.num_images=37")
    after = again.files()
    assert sum(name.startswith("07_model_output/samples/") for name in after) == 37
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.startswith("07_model_output/samples/")} <= {"08_reporting/durations.json"}


@pytest.mark.longer(twin="tests/end_to_end/test_main_job.py::test_every_artefact_is_there")
@pytest.mark.skipif(
    "GANFLOW_MNIST_DIR" not in os.environ, reason="no MNIST is given: set GANFLOW_MNIST_DIR to the folder of its four files"
)
def test_full_mnist_goes_through_the_whole_job(empty_project):
    folder = os.environ["GANFLOW_MNIST_DIR"]
    empty_project.smoke("--params", f"data.source=mnist,data.location={folder},training.num_steps=100")
    files = empty_project.files()
    fingerprint = json.loads(files["05_model_input/fingerprint.json"])
    assert (fingerprint["source"], fingerprint["num_train"], fingerprint["num_held_out"]) == ("mnist", 60_000, 10_000)
    metrics = json.loads(files["08_reporting/metrics.json"])
    # an epoch over 60,000 digits makes a good classifier
    assert metrics["feature_extractor"]["accuracy"] > 0.95
    # the smoke networks have learnt little by then: better than noise, far from real images
    distances = [metrics["scores"][subject]["kernel_distance_500_heldout"] for subject in ("real_images", "generator", "noise")]
    assert distances == sorted(distances)
    assert len([name for name in files if name.startswith("07_model_output/samples/")]) == 20


def test_colour_without_labels_goes_through_the_whole_job(empty_project):
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (300, 1, 1, 3), dtype=np.uint8)
    bright = (np.arange(48)[:, None, None] // 8 + random.integers(0, 2, (300, 1, 1, 1))) % 2
    np.savez_compressed(empty_project.root / "pictures.npz", images=(colours * (bright * 0.5 + 0.5) + np.zeros((32, 1))).astype(np.uint8))
    empty_project.smoke("--params", "data.source=npz,data.location=pictures.npz,data.held_out_share=0.2")
    files = empty_project.files()
    fingerprint = json.loads(files["05_model_input/fingerprint.json"])
    assert (fingerprint["image_shape"], fingerprint["class_names"]) == ([48, 32, 3], [])
    assert fingerprint["num_train"] + fingerprint["num_held_out"] == 300
    metrics = json.loads(files["08_reporting/metrics.json"])
    assert metrics["feature_extractor"].keys() == {"name", "sha256"}
    assert metrics["feature_extractor"]["name"] == "random_convolutions"
    assert not [name for name in metrics["scores"]["generator"] if "class" in name]
    assert metrics["scores"]["real_images"].keys() == metrics["scores"]["generator"].keys()
    with Image.open(empty_project.root / "data/07_model_output/sample_sheet.png") as sheet:
        assert sheet.mode == "RGB"
