"""A folder of pictures becomes a generator; it grows, and is retrained when there is a reason to."""

import json

import numpy as np
import pytest
from kedro_commands import Moment
from PIL import Image

SMALL = {
    "data.source": "folder",
    "data.location": "pictures",
    "data.held_out_share": "0.2",
    "data.image.height": "16",
    "data.image.width": "16",
    "training.num_steps": "20",
    "training.interval": "10",
    "evaluation.num_samples": "200",
}
RETRAINING = SMALL | {
    "tracking.enabled": "true",
    "retraining.num_draws": "3",
    "retraining.min_removed": "100",
    # whatever is trained is fit for use
    "retraining.gate.healthy": "false",
    "retraining.gate.minimum_nearest_distance": "null",
    "retraining.gate.kernel_distance_improves": "false",
    "retraining.gate.not_worse": "[]",
}


def params(values):
    return ("--params", ",".join(f"{name}={value}" for name, value in values.items()))


def draw(folder, numbers, kind="rings", suffix="png"):
    """Pictures of two kinds, in several sizes."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        random = np.random.default_rng(number)
        height, width = random.integers(24, 48, 2)
        rows, columns = np.mgrid[:height, :width] - random.uniform(8, 24, (2, 1, 1))
        wave = np.hypot(rows, columns) if kind == "rings" else rows * 0 + columns
        colours = random.uniform(0, 127, (2, 3)) + (0 if kind == "rings" else 128)
        share = (1 + np.cos(wave * random.uniform(0.3, 1)))[..., None] / 2
        pixels = share * colours[0] + (1 - share) * colours[1]
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{kind} {number:04d}.{suffix}")


@pytest.fixture
def pictures(empty_project):
    folder = empty_project.root / "pictures"
    draw(folder, range(80))
    return folder


def report(project):
    return json.loads((project.root / "data/08_reporting/data_report.json").read_text())


def test_a_folder_is_decoded_by_processes_killed_and_continued(empty_project, pictures):
    arguments = ("run", "--env", "smoke", "--pipelines", "data", *params(SMALL))
    draw(pictures, range(80, 300))
    (pictures / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (pictures / "readme.txt").write_text("where they come from")
    empty_project.kill(*arguments, at=Moment("pictures", 3))
    # the list is saved in two parts, then the first 256 of 302 pictures
    output = empty_project.run(*arguments)
    assert "Decoded 46 of 46 pictures" in output
    found = report(empty_project)
    assert (found["num_train"] + found["num_held_out"], found["image_shape"]) == (300, [16, 16, 3])
    assert found["pictures"]["left_out"] == [{"name": "broken.png", "why": "no picture of a format that Pillow knows"}]
    assert found["pictures"]["other_files"] == ["readme.txt"]
    assert "1 pictures were left out, such as broken.png" in output
    with Image.open(empty_project.root / "data/08_reporting/contact_sheet.png") as sheet:
        assert sheet.mode == "RGB"
    # nothing has changed: nothing is decoded
    assert "Decoded" not in empty_project.run(*arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.location": "nowhere"}, "Got data.location nowhere, which is no folder; expected a folder with pictures"),
        ({"data.classes": "folders"}, "it lies in no folder that could name its class"),
        ({"data.image.height": "300"}, "DataParameters.image.height: Input should be less than or equal to 256 (got 300)"),
        ({"data.held_out_share": "null"}, "Got data.held_out_share null, expected a share"),
        ({"data.source": "zip", "data.location": "pictures/rings 0000.png"}, "is no complete zip archive"),
        ({"data.source": "catalog", "data.location": "null"}, "expected a partitioned dataset of pictures"),
    ],
)
def test_what_cannot_work_is_one_line(empty_project, pictures, changes, message):
    assert message in empty_project.refuse("run", "--env", "smoke", *params(SMALL | changes))
    assert not (empty_project.root / "data/06_models").exists()


def test_a_folder_that_grows_is_retrained_when_there_is_a_reason(empty_project, pictures):
    draw(pictures, range(80, 300))
    arguments = ("run", "--env", "smoke", "--pipelines", "retraining", *params(RETRAINING))
    assert "there is no champion yet" in empty_project.run(*arguments)
    # sixty of another kind
    draw(pictures, range(60), "stripes", "jpg")
    output = empty_project.run(*arguments)
    assert "60 images were added and 0 images were removed since run" in output
    change = json.loads((empty_project.root / "data/08_reporting/data_change.json").read_text())
    assert change["num_added"] == 60
    # they are different
    assert change["drift"] > 3 * change["drift_standard_error"]
    page = (empty_project.root / "data/08_reporting/decision.html").read_text()
    assert "promoted" in page
    assert "60 images were added" in page
    assert "held-out images that neither was trained on" in page
    # one more, and a broken one: nothing to do, with the numbers
    draw(pictures, [400])
    (pictures / "broken.jpg").write_bytes(b"")
    output = empty_project.run(*arguments)
    assert "Nothing to do" in output
    assert "1 image was added and 0 images were removed" in output
    assert "such as broken.jpg" in output
    # a third of what the champion had learnt from goes
    for file in sorted(pictures.glob("rings*"))[:130]:
        file.unlink()
    assert "100 removed ones are a reason" in empty_project.run(*arguments)
