"""Whatever a user gets wrong is explained in one line, with exit status 1 and nothing lost."""

import gzip
import re
import resource
from functools import partial

import numpy as np
import pytest
from safetensors.numpy import load_file

VARIED = np.random.default_rng(0).integers(0, 256, (3003, 8, 8, 1), np.uint8)
"""Images that differ."""

TRAINING = ("run", "--env", "smoke", "--pipelines", "data,networks,training")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("data.source=cifar", "data.source"),
        ("training.loss=hingee", "Unknown loss 'hingee': known are ['hinge', 'least_squares', 'logistic',"),
        ("training.loss=wasserstein,training.r1_weight=0", "'wasserstein' needs a discriminator with a bounded slope"),
        ("training.num_stepz=3", "num_stepz is not a known parameter. Did you mean 'num_steps'?"),
        ("trainin.num_steps=3", "There is no parameter section 'trainin'. Did you mean 'training'?"),
        ("training.seed=-1", "TrainingParameters.seed: Input should be greater than or equal to 0 (got -1)"),
        ("training.batch_size=5000", "4000 training images, fewer than training.batch_size = 5000"),
        ("data.held_out_share=1.5", "DataParameters.held_out_share: Input should be less than 1 (got 1.5)"),
        ("data.source=mnist,data.location=nowhere", "data.location"),
        ("data.source=npz,data.location=nowhere.npz", "Got data.location nowhere.npz, which is no file; expected an .npz file"),
        ("extractor.name=clasifier", "Unknown extractor 'clasifier': known are ['auto', 'classifier', 'random_convolutions']"),
    ],
)
def test_wrong_parameters_are_explained(project, params, message):
    before = project.files()
    assert message in project.refuse(*TRAINING, "--params", params)
    assert project.files() == before


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (["--pipelines", "trainng"], "Did you mean one of these instead? training retraining"),
        (["--nodes", "train_gn"], "train_gn"),
        (["--tags", "trainng"], "contains no nodes after applying all provided filters"),
        (["--to-outputs", "sampels"], "sampels"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_unknown_names_of_what_to_run_are_one_line(project, selection, message):
    assert message in project.refuse("run", "--env", "smoke", *selection)


def test_an_unknown_environment_names_the_known_ones(project):
    line = project.refuse("run", "--env", "clasic", from_nothing=True)
    assert "clasic" in line
    assert "classic" in line


def test_what_a_user_sets_for_this_machine_holds_with_every_preset(project):
    own = project.root / "conf/local/parameters_training.yml"
    own.parent.mkdir(exist_ok=True)
    own.write_text("training: {batch_size: 5000}")
    assert "fewer than training.batch_size = 5000" in project.refuse(*TRAINING)
    assert "fewer than training.batch_size = 4001" in project.refuse(*TRAINING, "--params", "training.batch_size=4001")
    own.write_text("training: {num_stepz: 3}")
    assert "num_stepz is not a known parameter" in project.refuse(*TRAINING)


def test_a_truncated_idx_file_is_refused(project, tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x03" + b"\0" * 20)[:-5])
    for name in ("train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).touch()
    line = project.refuse(*TRAINING, "--params", f"data.source=mnist,data.location={tmp_path}")
    assert "train-images-idx3-ubyte" in line


@pytest.mark.parametrize(
    ("arrays", "params", "message"),
    [
        ({"images": np.zeros((9, 8, 8, 1))}, "", "Got float64 of shape (9, 8, 8, 1) as 'images'"),
        (
            {"images": np.zeros((9, 8, 8, 1), np.uint8)},
            "",
            "Got data.held_out_share null, expected a share: the source 'npz' has no test split",
        ),
        (
            {"images": np.arange(64, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(8, 1).repeat(8, 2)},
            ",data.held_out_share=0.5,extractor.name=classifier",
            "Got extractor.name 'classifier', which needs labels, for images without any.",
        ),
        (
            {"images": VARIED[:64]},
            ",data.held_out_share=0.5,networks.conditional=true",
            "networks.conditional is true, but the images have no labels. Set it to auto or false",
        ),
        (
            {"images": VARIED, "labels": np.arange(len(VARIED)) % 1001},
            ",data.held_out_share=0.01,extractor.name=random_convolutions",
            "Got 1001 classes, expected 1000 at most for networks that know them. Set networks.conditional=false",
        ),
    ],
    ids=["floats", "no split", "no labels", "no classes to ask for", "too many classes"],
)
def test_images_that_do_not_fit_are_refused_before_anything_is_trained(project, tmp_path, arrays, params, message):
    np.savez(tmp_path / "images.npz", **arrays)
    line = project.refuse("run", "--env", "smoke", "--params", f"data.source=npz,data.location={tmp_path / 'images.npz'}{params}")
    assert message in line
    assert not project.checkpoints()


def test_a_class_that_the_generator_does_not_know_is_refused(project):
    project.run(*TRAINING)
    drawing = ("run", "--env", "smoke", "--pipelines", "sampling", "--params")
    assert "Got sampling.classes = [3, 11], expected numbers from 0 to 9. Leave [11] out." in project.refuse(
        *drawing, "sampling.classes=[3,11]"
    )
    assert "SamplingParameters.classes" in project.refuse(*drawing, "sampling.classes=[-1]")


def test_a_damaged_checkpoint_is_refused_and_left_alone(project):
    project.run(*TRAINING, "--params", "training.num_steps=5")
    checkpoint = project.checkpoint(5)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    damaged = checkpoint.read_bytes()
    assert "step-0000005.safetensors" in project.refuse(*TRAINING, "--params", "training.num_steps=10")
    assert checkpoint.read_bytes() == damaged


def test_divergence_names_the_step_and_keeps_the_last_good_checkpoint(project):
    wild = "training.num_steps=10,training.interval=1,training.generator_optimizer.learning_rate=1.0e+30"
    line = project.refuse(*TRAINING, "--params", wild)
    assert re.search(r"diverged at step \d+: discriminator_loss = |not finite after step \d+", line)
    assert "learning_rate" in line
    assert project.checkpoints()
    for checkpoint in project.checkpoints():
        assert all(np.isfinite(array).all() for array in load_file(checkpoint).values())
    assert not list((project.root / "data/06_models").glob("generator.keras/*"))


def test_a_full_disk_leaves_the_last_good_files(project):
    project.run(*TRAINING, "--params", "training.num_steps=5")
    before = project.files()
    # the sheets and rows still fit under this limit, a checkpoint does not: the write itself fails, as on a full disk
    limit = 20_000
    assert project.checkpoint(5).stat().st_size > limit
    longer = ("run", "--env", "smoke", "--pipelines", "training", "--params", "training.num_steps=10")
    project.refuse(*longer, prepare=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)))
    after = project.files()
    assert [name for name in before if "checkpoints" in name and after.get(name) != before[name]] == []
    assert [name for name in after if "checkpoints" in name and name not in before] == []
    assert "continues from its checkpoint at step 5" in project.run(*longer)
