"""Small runs that are broken on purpose, trained for real: the doctor finds what is wrong; and healthy ones, in which it finds nothing.

The images are bars, horizontal or vertical; a run takes a few seconds.
"""

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.extractor import ExtractorParameters
from ganflow.config.health import HealthParameters
from ganflow.config.networks import DiscriminatorParameters, GeneratorParameters, NetworksParameters
from ganflow.config.training import OptimizerParameters, TrainingParameters
from ganflow.data.images import ImageSet
from ganflow.doctor.rules import RULES
from ganflow.doctor.watch import Watch, look_at_real_images
from ganflow.errors import DivergenceError
from ganflow.networks import build_pair
from ganflow.pipelines.extractor.nodes import obtain_feature_extractor
from ganflow.training.loop import train

SIZE = 16
HEALTH = section(HealthParameters, warmup_steps=150, score_every=60, num_samples=200, batch_size=200)


def draw_bars(num):
    """Soft bars of all lengths and places, (num, 16, 16, 1) uint8; those of odd number are vertical."""
    random = np.random.default_rng(0)
    pixels = np.arange(SIZE)
    centre, width, start, length = (random.uniform(low, high, (num, 1)) for low, high in ((3, 12), (1.2, 2.2), (3, 8), (3, 8)))
    across = np.exp(-(((pixels - centre) / width) ** 4))
    along = 1 / ((1 + np.exp(1.5 * (start - 1 - pixels))) * (1 + np.exp(1.5 * (pixels - start - length))))
    bars = across[:, :, None] * along[:, None, :]
    bars[1::2] = bars[1::2].transpose(0, 2, 1)
    return np.round(255 * bars).astype(np.uint8)[..., None]


def adam(**changes):
    return section(OptimizerParameters, **{"learning_rate": 4e-3, "beta_1": 0.0, "beta_2": 0.99, "decay": None} | changes)


NETWORKS = {
    "latent": {"dimension": 16, "distribution": "normal"},
    "generator": {
        "stages": [
            {"width": 16},
            {"width": 12, "kernel_size": 3, "double": True},
            {"width": 8, "kernel_size": 3, "double": True},
        ],
        "output_kernel_size": 3,
    },
    "discriminator": {
        "stages": [
            {"width": 8, "kernel_size": 3},
            {"width": 16, "kernel_size": 4, "halve": True},
            {"width": 16, "kernel_size": 4, "halve": True},
        ]
    },
}
TRAINING = {
    "num_steps": 330,
    "batch_size": 32,
    "interval": 30,
    "loss": "logistic",
    "r1_weight": 0.3,
    "average_decay": 0.98,
    "generator_optimizer": adam(),
    "discriminator_optimizer": adam(),
    "sheet_columns": 6,
    "precision": "float32",
}


class Laboratory:
    def __init__(self):
        self.images = draw_bars(400)
        labelled = ImageSet(self.images, np.arange(400) % 2, ("0", "1"))
        parameters = section(ExtractorParameters, epochs=6, batch_size=32, learning_rate=3e-3)
        fingerprint = {"sha256": "", "image_shape": [SIZE, SIZE, 1], "class_names": ["0", "1"]}
        self.extractor = obtain_feature_extractor({}, labelled, labelled, fingerprint, parameters)
        assert self.extractor["metadata"]["accuracy"] > 0.9

    def begin(self, networks, training, images, health=HEALTH, class_counts=()):
        parameters = section(TrainingParameters, **TRAINING | training)
        parts = {name: NETWORKS[name] | networks.get(name, {}) for name in NETWORKS}
        own = section(GeneratorParameters, **parts["generator"]), section(DiscriminatorParameters, **parts["discriminator"])
        sections = section(NetworksParameters, latent=parts["latent"], generator=own[0], discriminator=own[1])
        pair = build_pair(sections, (SIZE, SIZE, 1), class_counts)
        real = look_at_real_images(images, self.extractor, 2, health)
        return pair, parameters, Watch(*pair, real, parameters, health, [])

    def diagnose_classes(self, images, labels, **training):
        """A conditional run on images that are not those which it is compared with, or have other labels."""
        pair, parameters, watch = self.begin({}, training, self.images, class_counts=[200, 200])
        for report in train(ImageSet(images, labels, ("0", "1")), *pair, parameters):
            if report.history is not None:
                watch.observe(report.history, report.samples, report.arrays)
        return watch.doctor

    def diagnose(self, training, networks=None, images=None, health=HEALTH):
        images = self.images if images is None else images
        pair, parameters, watch = self.begin(networks or {}, training, images, health)
        try:
            for report in train(ImageSet(images), *pair, parameters):
                if report.history is not None:
                    watch.observe(report.history, report.samples, report.arrays)
        except DivergenceError as error:
            watch.doctor.diverged(str(error))
        return watch.doctor


@pytest.fixture(scope="module")
def laboratory():
    return Laboratory()


def names(doctor):
    return {finding.name for finding in doctor.findings.values() if finding.severity != "advice"}


# every rule is shown its sign, and one row less, there; here it is shown a run
TWIN = "tests/unit/doctor/test_doctor.py::test_a_sign_gives_its_finding_and_no_other"


@pytest.mark.longer(twin="tests/unit/doctor/test_doctor.py::test_a_healthy_run_is_healthy")
@pytest.mark.parametrize("seed", [0, 1])
def test_the_doctor_is_silent_in_a_healthy_run(laboratory, seed):
    assert names(laboratory.diagnose({"seed": seed, "num_steps": 480})) == set()


# what is done wrong: settings of training, of networks, how many of the images, and what has to be found
FAULTS = {
    "a generator that stands still against a minimax loss": (
        {"loss": "minimax", "r1_weight": 0.0, "generator_optimizer": adam(learning_rate=1e-6), "num_steps": 165, "interval": 15},
        {},
        400,
        {"discriminator_won", "saturated_images", "classes_missing"},
    ),
    "a generator in seven-league boots": (
        {"r1_weight": 0.0, "average_decay": 0.0, "generator_optimizer": adam(learning_rate=1.0, beta_1=0.9)},
        {},
        400,
        {"blank_images"},
    ),
    "pixels that know nothing of each other": (
        {"generator_optimizer": adam(learning_rate=1e-5)},
        {"generator": {"stages": [{"width": 16}, {"width": 16, "kernel_size": 1, "double": True}], "output_kernel_size": 1}},
        400,
        {"noise_images"},
    ),
    "a critic that is clipped to nothing": (
        {"loss": "wasserstein", "r1_weight": 0.0, "weight_clip": 1e-4}, {}, 400, {"discriminator_blind"},
    ),
    "a discriminator too slow for its generator": (
        {"r1_weight": 0.0, "average_decay": 0.0, "discriminator_optimizer": adam(learning_rate=2e-5)}, {}, 400, {"mode_collapse"},
    ),
    "momentum in both networks": (
        {
            "r1_weight": 0.0,
            "average_decay": 0.0,
            "generator_optimizer": adam(learning_rate=0.02, beta_1=0.9),
            "discriminator_optimizer": adam(learning_rate=0.02, beta_1=0.9),
            "num_steps": 480,
        },
        {},
        400,
        {"oscillation"},
    ),
    "strides that skip pixels": (
        {"generator_optimizer": adam(learning_rate=1.5e-4), "discriminator_optimizer": adam(learning_rate=1.5e-4)},
        {"discriminator": {"stages": [{"width": 16, "kernel_size": 1, "halve": True}, {"width": 16, "kernel_size": 4, "halve": True}]}},
        400,
        {"checkerboard"},
    ),
    "learning rates of another world": (
        {"generator_optimizer": adam(learning_rate=1e6), "discriminator_optimizer": adam(learning_rate=1e6)}, {}, 400, {"divergence"},
    ),
    "noise of one dimension": ({}, {"latent": {"dimension": 1}}, 400, {"repeated_images"}),
    "sixteen images": ({"batch_size": 16, "num_steps": 900, "r1_weight": 0.1}, {}, 16, {"memorisation"}),
}  # fmt: skip


# one that three rules see, and early
FAST = "a generator that stands still against a minimax loss"
EARLY = HEALTH.model_copy(update={"warmup_steps": 60, "score_every": 30})


@pytest.mark.parametrize(
    "fault", [fault if fault == FAST else pytest.param(fault, marks=pytest.mark.longer(twin=TWIN)) for fault in FAULTS]
)
def test_a_planted_fault_is_found(laboratory, fault):
    training, networks, num_images, expected = FAULTS[fault]
    health = EARLY if fault == FAST else HEALTH
    doctor = laboratory.diagnose(training, networks, laboratory.images[:num_images], health)
    assert expected <= names(doctor)


@pytest.mark.longer(twin=TWIN)
def test_the_doctor_is_silent_in_a_healthy_run_with_classes(laboratory):
    doctor = laboratory.diagnose_classes(laboratory.images, np.arange(400) % 2, num_steps=480)
    assert names(doctor) == set()


@pytest.mark.longer(twin=TWIN)
def test_a_class_that_is_not_drawn_is_found(laboratory):
    # vertical bars are called horizontal, and the other way round
    doctor = laboratory.diagnose_classes(laboratory.images, 1 - np.arange(400) % 2)
    assert "class_ignored" in names(doctor)


@pytest.mark.longer(twin=TWIN)
def test_a_class_of_one_picture_is_found(laboratory):
    images = laboratory.images.copy()
    images[1::2] = images[1]
    doctor = laboratory.diagnose_classes(images, np.arange(400) % 2)
    assert "class_collapsed" in names(doctor)


@pytest.mark.longer(twin=TWIN)
def test_a_run_that_was_good_and_is_spoilt_declines(laboratory):
    pair, parameters, watch = laboratory.begin({}, {"num_steps": 300}, laboratory.images)
    for report in train(ImageSet(laboratory.images), *pair, parameters):
        if report.history is not None:
            watch.observe(report.history, report.samples, report.arrays)
    assert watch.doctor.findings == {}
    spoilt = report.arrays | {"generator_optimizer/learning_rate": np.float32(0.3)}
    for later in train(ImageSet(laboratory.images), *pair, parameters.model_copy(update={"num_steps": 480}), spoilt):
        row = watch.observe(later.history, later.samples, later.arrays)
    assert "decline" in names(watch.doctor)
    assert row["best_step"] <= 300


def test_copies_are_seen_where_only_some_training_images_are_looked_through(laboratory, monkeypatch):
    # a quarter of the images, so a quarter of the copies have their original among them
    monkeypatch.setattr("ganflow.doctor.watch._MOST_CANDIDATES", 100)
    pair, parameters, watch = laboratory.begin({}, {"num_steps": 30}, laboratory.images)
    monkeypatch.setattr(watch, "_draw", lambda latents: laboratory.images[:200])
    first, report = train(ImageSet(laboratory.images), *pair, parameters)
    row = watch.observe(report.history, report.samples, report.arrays)
    assert row["nearest_distance"] < 0.6 * watch.doctor.real["nearest_distance"]
    assert first.history is None


def test_every_rule_has_its_fault():
    planted = set.union(*(expected for *_, expected in FAULTS.values())) | {"decline", "class_ignored", "class_collapsed"}
    # in clips, see test_planted_motion.py
    planted |= {"frozen_clips", "flicker"}
    assert planted == {rule.__name__ for rule in RULES}
