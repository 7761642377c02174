"""Sheets, strips and the evolution: of images as ever, of clips as moving pictures."""

import numpy as np
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from base_parameters import section
from clip_generators import one_stream, two_streams
from ganflow import networks
from ganflow.config.sampling import SamplingParameters
from ganflow.pipelines.sampling import create_pipeline
from ganflow.pipelines.sampling.nodes import animate_evolution, draw_frames, draw_images, draw_sheet, interpolate_latents
from ganflow.reporting.run import MOST_CLIP_SHEETS
from ganflow.reporting.sheets import film_strip, tile
from ganflow.sampling.streams import sample_streams


@pytest.fixture(scope="module")
def parameters():
    changes = {"num_images": 9, "batch_size": 5, "sheet_columns": 2, "num_interpolations": 3, "num_interpolation_steps": 4}
    return section(SamplingParameters, **changes)


def record_of(generator, step=0):
    return {"run_id": "abc", "step": step, "sha256": networks.hash_weights(generator)}


def test_what_is_drawn_of_clips_has_their_frames(parameters):
    # clips of 3 frames of 8 × 8: sheets of 2 × 2, three rows of four points
    generator = one_stream()
    assert draw_images(generator, parameters).shape == (9, 3, 8, 8, 1)
    assert draw_sheet(generator, parameters).shape == (3, 17, 17, 1)
    assert interpolate_latents(generator, parameters).shape == (3, 26, 35, 1)


def test_the_strip_shows_the_first_single_clips(parameters):
    generator = one_stream()
    drawn = draw_frames(generator, parameters)
    np.testing.assert_array_equal(drawn["frame_strip"], film_strip(draw_images(generator, parameters)[:8]))
    assert drawn["streams"].size == 0


def test_each_clip_stands_beside_its_streams_two_in_a_row(parameters):
    generator = two_streams()
    clips, foreground, mask, background = sample_streams(generator, 8, 5, parameters.seed)
    sheet = draw_frames(generator, parameters)["streams"]
    assert sheet.shape == (3, 4 * 9 - 1, 8 * 9 - 1, 1)
    first = np.stack([clips[0], foreground[0], mask[0], background[0], clips[1], foreground[1], mask[1], background[1]])
    np.testing.assert_array_equal(sheet[:, :8], tile(first, 8))


def test_of_images_there_are_neither_frames_nor_streams(architectures, parameters):
    drawn = draw_frames(networks.instantiate(architectures[0], 0), parameters)
    assert {name: picture.size for name, picture in drawn.items()} == {"frame_strip": 0, "streams": 0}


def test_the_evolution_of_images_has_a_frame_for_each_step_of_the_generator(architectures):
    generator = networks.instantiate(architectures[0], 0)
    sheets = {step: np.full((4, 5, 1), step, np.uint8) for step in range(0, 40, 2)}
    loaded = {"abc": {step: lambda step=step: sheets[step] for step in sheets}, "other": {1: lambda: sheets[0]}}
    frames = animate_evolution(loaded, generator, record_of(generator, step=30), sheets[0])
    np.testing.assert_array_equal(frames, np.stack([sheets[step] for step in range(0, 31, 2)]))
    # where they are gone, what is drawn now
    np.testing.assert_array_equal(animate_evolution({}, generator, record_of(generator), sheets[6]), sheets[6][None])


def test_the_evolution_of_clips_plays_each_of_some_sheets_once():
    generator = one_stream()
    sheets = {step: np.stack([np.full((4, 5, 1), step + frame, np.uint8) for frame in range(3)]) for step in range(0, 200, 10)}
    loaded = {"abc": {step: lambda step=step: sheets[step] for step in sheets}}
    frames = animate_evolution(loaded, generator, record_of(generator, step=100), sheets[0])
    # of 0, 10, … 100, evenly
    assert MOST_CLIP_SHEETS == 6
    assert frames[:, 0, 0, 0].tolist() == [step + frame for step in range(0, 101, 20) for frame in range(3)]
    np.testing.assert_array_equal(animate_evolution({}, generator, record_of(generator), sheets[10]), sheets[10])


@pytest.mark.parametrize(
    ("make", "files"),
    [
        (two_streams, ["evolution.png", "frame_strip.png", "interpolation.webp", "sample_sheet.webp", "samples", "streams.webp"]),
        (one_stream, ["evolution.png", "frame_strip.png", "interpolation.webp", "sample_sheet.webp", "samples"]),
        (None, ["evolution.png", "interpolation.png", "sample_sheet.png", "samples"]),
    ],
    ids=["two streams", "one stream", "images"],
)
def test_the_catalog_holds_whatever_a_generator_draws(make, files, project_root, tmp_path, parameters, architectures):
    generator = make() if make else networks.instantiate(architectures[0], 0)
    catalog = DataCatalog.from_config(yaml.safe_load((project_root / "conf/base/catalog.yml").read_text().replace("data/", f"{tmp_path}/")))
    for name, value in (("generator", generator), ("generator_record", record_of(generator)), ("params:sampling", parameters)):
        catalog[name] = MemoryDataset(value, copy_mode="assign")
    catalog.save("training_sheets", {"abc": {0: draw_sheet(generator, parameters)}})
    SequentialRunner().run(create_pipeline(), catalog)
    assert sorted(file.name for file in (tmp_path / "07_model_output").iterdir()) == files
    assert len(list((tmp_path / "07_model_output/samples").glob("*.webp" if make else "*.png"))) == 9
    np.testing.assert_array_equal(catalog.load("samples"), draw_images(generator, parameters))
    np.testing.assert_array_equal(catalog.load("sample_sheet"), draw_sheet(generator, parameters))
    assert (catalog.load("streams").size > 0) == ("streams.webp" in files)
