"""What suits a set of pictures."""

import re

import pytest

from base_parameters import section
from ganflow.config.data import DataParameters, ImageGeometry
from ganflow.config.training import AugmentationParameters, OptimizerParameters
from ganflow.training import estimate as estimation
from ganflow.training.recommendation import recommend, say


def falling(num_steps):
    """An optimizer whose rate falls over as many steps; None for a constant one."""
    return section(OptimizerParameters, decay=num_steps and {"schedule": "cosine", "num_steps": num_steps})


@pytest.fixture
def by_rule(networks_parameters):
    """Networks without tables of their own."""
    generator, discriminator = networks_parameters.generator, networks_parameters.discriminator
    return networks_parameters.model_copy(
        update={part: own.model_copy(update={"stages": None}) for part, own in (("generator", generator), ("discriminator", discriminator))}
    )


@pytest.fixture
def advise(monkeypatch, by_rule, training_parameters):
    """A recommendation on a machine of 100 GFLOP/s; `now` are settings of training that are not the preset's."""
    monkeypatch.setattr(estimation, "_matrix_rate", lambda: 1e11)
    monkeypatch.setattr(estimation.tf.config, "list_physical_devices", lambda kind: [])
    usual = AugmentationParameters(translation=0.125, colour=0.5)
    constant = falling(None)

    def advise(num_images, median_side, is_grey=False, height=32, width=32, networks=by_rule, source="folder", **now):
        data = section(DataParameters, source=source, image=section(ImageGeometry, height=height, width=width))
        settings = {"num_steps": 6_000, "batch_size": 64, "augmentation": usual}
        settings |= {"generator_optimizer": constant, "discriminator_optimizer": constant} | now
        return recommend(num_images, median_side, is_grey, data, networks, training_parameters.model_copy(update=settings))

    return advise


def test_four_thousand_pictures_of_72_pixels(advise):
    found = advise(4_000, 72)
    assert found["image"] == {"height": 64, "width": 64, "channels": 3}
    # 96 looks at each: 96 · 4,000 / 64
    assert (found["num_steps"], found["batch_size"], found["augmentation"]) == (6_000, 64, {"translation": 0.125, "colour": 0.5})
    assert found["command"] == "--params data.image.height=64,data.image.width=64"
    assert [size["height"] for size in found["sizes"]] == [32, 64]
    small, large = found["sizes"]
    assert 0 < small["hours"] < large["hours"]
    assert 0 < small["disk_gb"] < large["disk_gb"]
    assert "of training here: --params data.image.height=64" in say(found)


def test_what_suits_already_is_not_said(advise):
    found = advise(4_000, 72, height=64, width=64)
    assert found["command"] == ""
    assert say(found) == ""


def test_clips_take_longer_than_pictures_of_their_size(advise):
    pictures, clips = advise(4_000, 72), advise(4_000, 72, source="video_folder")
    assert clips["command"] == pictures["command"]
    for one, other in zip(pictures["sizes"], clips["sizes"], strict=True):
        assert other["hours"] > 4 * one["hours"]  # 16 frames, of which some layers see half or a quarter


def test_few_pictures_are_small_and_much_changed(advise):
    found = advise(200, 500)
    assert found["image"]["height"] == 32
    # 96 looks would be 600 steps of 32; four batches and no fewer
    assert (found["num_steps"], found["batch_size"]) == (2_500, 32)
    assert found["augmentation"] == {"translation": 0.125, "cutout": 0.5, "colour": 1.0}
    assert found["command"] == (
        "--params training.num_steps=2500,training.batch_size=32,training.augmentation.cutout=0.5,training.augmentation.colour=1.0"
    )
    assert [size["height"] for size in found["sizes"]] == [32, 64, 128]


def test_a_decay_stays_as_long_as_the_run(advise):
    # 2,500 instead of 6,000 steps; a discriminator of two updates in each decays over twice as many
    command = advise(200, 500, generator_optimizer=falling(6_000), discriminator_optimizer=falling(12_000))["command"]
    assert "training.generator_optimizer.decay.num_steps=2500,training.discriminator_optimizer.decay.num_steps=5000," in command
    inverse = section(OptimizerParameters, decay={"schedule": "inverse_time", "decay_rate": 1e-3})
    assert "decay" not in advise(200, 500, generator_optimizer=inverse)["command"]


def test_many_pictures_need_no_augmentation(advise):
    found = advise(60_000, 200, height=128, width=128)
    assert (found["image"]["height"], found["num_steps"], found["augmentation"]) == (128, 40_000, {})
    assert found["command"] == "--params training.num_steps=40000,training.augmentation=null"


def test_mirroring_is_left_to_whoever_knows_the_pictures(advise):
    mirrored = AugmentationParameters(mirror=True)
    assert advise(60_000, 32, augmentation=mirrored)["augmentation"] == {"mirror": True}
    assert advise(4_000, 32, augmentation=mirrored)["augmentation"] == {"translation": 0.125, "mirror": True, "colour": 0.5}
    assert (
        advise(4_000, 32, augmentation=None)["command"]
        == "--params training.augmentation.translation=0.125,training.augmentation.colour=0.5"
    )


def test_pictures_without_colours_are_grey(advise):
    assert advise(4_000, 32, is_grey=True)["command"] == "--params data.image.channels=1"


def test_pictures_are_never_enlarged_beyond_the_smallest_size(advise):
    assert [size["height"] for size in advise(10_000, 10)["sizes"]] == [32]
    assert [size["height"] for size in advise(10_000, 127)["sizes"]] == [32, 64]


def test_proportions_stay(advise):
    found = advise(4_000, 100, height=48, width=32)
    assert [(size["height"], size["width"]) for size in found["sizes"]] == [(48, 32), (96, 64)]


def test_sizes_that_the_networks_cannot_make_are_left_out(advise, networks_parameters, by_rule):
    table = networks_parameters.generator.stages
    five = (table[0], *(table[1] for _ in range(6)))
    # doubled six times: multiples of 64
    networks = by_rule.model_copy(update={"generator": by_rule.generator.model_copy(update={"stages": five})})
    assert [size["height"] for size in advise(4_000, 200, networks=networks)["sizes"]] == [64, 128]
    assert advise(4_000, 32, networks=networks) is None


@pytest.mark.parametrize("num_images", [2, 7, 63, 1_000, 4_321])
def test_a_set_holds_four_batches(advise, num_images):
    size = advise(num_images, 32)["batch_size"]
    assert size == 1 or 4 * size <= num_images
    assert re.fullmatch("10*", f"{size:b}")
