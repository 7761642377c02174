"""Generators of clips that are built so that they cannot move, or cannot but flicker, trained for real: the doctor finds it.

The clips are bars that move and bounce; a run takes a few seconds.
"""

import pytest
from keras import Input, Model, layers

from base_parameters import section
from ganflow.config.extractor import ExtractorParameters
from ganflow.config.health import HealthParameters
from ganflow.config.training import OptimizerParameters, TrainingParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet
from ganflow.doctor.watch import Watch, look_at_real_images
from ganflow.features.extractor import obtain_feature_extractor
from ganflow.networks import FusedBatchNormalization, Latent, architecture
from ganflow.training.loop import train
from moving_bars import LENGTH, SIZE, moving_bars

HEALTH = section(HealthParameters, warmup_steps=30, score_every=60, num_samples=100, batch_size=100)
OPTIMIZER = section(OptimizerParameters, learning_rate=4e-3, beta_1=0.0, beta_2=0.99)
TRAINING = section(
    TrainingParameters,
    num_steps=120,
    batch_size=16,
    interval=15,
    r1_weight=0.1,
    average_decay=0.9,
    sheet_columns=5,
    precision="float32",
    generator_optimizer=OPTIMIZER,
    discriminator_optimizer=OPTIMIZER,
)
DIMENSION = 16

# finding: frames that have noise of their own, how often each is doubled over time, frames that a kernel sees
GENERATORS = {"frozen_clips": (1, 1, 1), "flicker": (LENGTH, 1, 1), "nothing": (2, 2, 3)}


def build_generator(num_frames, times, kernel):
    noise = Input((num_frames * DIMENSION,), name="noise")
    hidden = layers.Reshape((num_frames, DIMENSION))(Latent("normal", name="latent")(noise))
    hidden = layers.Reshape((num_frames, 4, 4, 16))(layers.Dense(4 * 4 * 16)(hidden))
    for width in (16, 8):
        hidden = layers.UpSampling3D((times, 2, 2))(layers.ReLU()(FusedBatchNormalization()(hidden)))
        hidden = layers.Conv3D(width, (kernel, 3, 3), padding="same")(hidden)
    hidden = layers.Conv3D(1, (kernel, 3, 3), padding="same")(layers.ReLU()(hidden))
    # one frame is repeated; eight are there already
    hidden = layers.UpSampling3D((LENGTH // hidden.shape[1], 1, 1))(hidden)
    return architecture(Model(noise, layers.Activation("sigmoid", name="pixels")(hidden), name="generator"))


def build_discriminator():
    hidden = clips = Input((LENGTH, SIZE, SIZE, 1), name="images")
    for width in (8, 16, 24):
        hidden = layers.LeakyReLU(0.2)(layers.Conv3D(width, 4, strides=2, padding="same")(hidden))
    return architecture(Model(clips, layers.Dense(1, name="logit")(layers.Flatten()(hidden)), name="discriminator"))


@pytest.fixture(scope="module")
def clips():
    return moving_bars(300, speed=1)[0]


@pytest.fixture(scope="module")
def real(clips):
    images = ImageSet(clips)
    extractor = obtain_feature_extractor({}, images, images, describe(images, images, "npz"), section(ExtractorParameters))
    return look_at_real_images(clips, extractor, 0, HEALTH)


TWIN = "tests/unit/doctor/test_doctor.py::test_a_sign_gives_its_finding_and_no_other"


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=pytest.mark.longer(twin=TWIN)) if fault != "frozen_clips" else fault for fault in GENERATORS]
)
def test_what_is_wrong_with_the_motion_is_found_and_nothing_else_of_it(clips, real, fault):
    generator, discriminator = build_generator(*GENERATORS[fault]), build_discriminator()
    watch = Watch(generator, discriminator, real, TRAINING, HEALTH, [])
    for report in train(ImageSet(clips), generator, discriminator, TRAINING):
        if report.history is not None:
            row = watch.observe(report.history, report.samples, report.arrays)
    assert {"frozen_clips", "flicker"} & watch.doctor.findings.keys() == {fault} - {"nothing"}
    # scored like images: by the features of whole clips, and by the nearest training clip
    assert row["kernel_distance"] > 0
    assert row["nearest_distance"] > 0


def test_clips_have_columns_of_motion_and_images_have_none(real, extractor, images):
    of_clips, of_images = real["row"], look_at_real_images(images, extractor, 2, HEALTH)["row"]
    assert of_clips.keys() - of_images.keys() == {"sheet_motion", "sheet_flicker"}
    assert of_images.keys() <= of_clips.keys()
    assert of_clips["sheet_motion"] > 0
    assert 0 <= of_clips["sheet_flicker"] < 0.3
