"""Extractors of clips look at motion and at frames: they tell real clips from the same frames in disorder, and from one of them alone."""

import numpy as np
import pytest

from base_parameters import section
from ganflow.config.evaluation import EvaluationParameters
from ganflow.config.extractor import ExtractorParameters
from ganflow.data.fingerprint import describe
from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError, DataError
from ganflow.features import classifier
from ganflow.features.accuracy import reachable_accuracy
from ganflow.features.classifier import FEATURE_WIDTH, build_classifier, most_images, stage_widths
from ganflow.features.extractor import Extractor, obtain_feature_extractor
from ganflow.features.random_convolutions import build_random_convolutions
from ganflow.features.stored import part_of_frames
from ganflow.metrics.motion import directions, measure_motion, shuffled, still
from ganflow.metrics.report import score_key
from ganflow.networks import instantiate
from ganflow.scoring import Scorer
from moving_bars import LENGTH, SIZE, moving_bars

NAMES = ("horizontal", "vertical")
KINDS = ("classifier", "random_convolutions")


def bars(num, seed):
    clips, labels = moving_bars(num, seed)
    return ImageSet(clips, labels, NAMES)


def obtain(name, train, stored=None, **changes):
    held_out = bars(100, seed=1)
    parameters = section(ExtractorParameters, name=name, epochs=8, batch_size=32, learning_rate=3e-3, **changes)
    return obtain_feature_extractor(stored or {}, train, held_out, describe(train, held_out, "npz"), parameters)


@pytest.fixture(scope="module")
def train():
    return bars(400, seed=0)


@pytest.fixture(scope="module")
def extractors(train):
    return {name: obtain(name, train) for name in KINDS}


@pytest.fixture(scope="module")
def scorers(extractors):
    held_out, parameters = moving_bars(300, seed=2)[0], section(EvaluationParameters, batch_size=100)
    return {name: Scorer(extractor, held_out, parameters) for name, extractor in extractors.items()}


def scores_of(scorer, clips):
    found = scorer.score(scorer.extract(clips), num_classes=2)
    return {key.removesuffix(score_key("", len(clips))): value for key, value in found.items()}


def test_a_classifier_of_clips_names_class_and_direction_and_another_one_their_frames(extractors):
    metadata = extractors["classifier"]["metadata"]
    assert metadata["accuracy"] > 0.9
    assert metadata["frames"]["accuracy"] > 0.9
    clips = bars(100, seed=3)
    network = instantiate(metadata["origin"]["architecture"])
    for variable in network.weights:
        variable.assign(extractors["classifier"]["arrays"][variable.path])
    features, _, ways = network(clips.images.astype(np.float32) / 255, training=False)
    assert features.shape == (100, FEATURE_WIDTH)
    assert np.mean(np.argmax(ways, axis=1) == directions(clips.images)) > 0.7
    seen = Extractor(extractors["classifier"], 32)(clips.images)
    assert np.mean(seen.labels == clips.labels) > 0.9
    frames = Extractor(part_of_frames(extractors["classifier"]), 32)(clips.images[:, 0])
    assert frames.features.shape == (100, FEATURE_WIDTH)
    assert np.mean(frames.labels == clips.labels) > 0.9


@pytest.mark.parametrize("name", KINDS)
def test_disorder_stillness_and_noise_are_clearly_worse_than_real_clips(scorers, name):
    real = moving_bars(300, seed=4)[0]
    random = np.random.default_rng(0)
    subjects = {
        "real": real,
        "shuffled": shuffled(real, random),
        "still": still(real),
        "noise": random.integers(0, 256, real.shape, dtype=np.uint8),
    }
    scores = {subject: scores_of(scorers[name], clips) for subject, clips in subjects.items()}
    floor = scores.pop("real")
    for subject, found in scores.items():
        error = np.hypot(floor["kernel_distance_standard_error"], found["kernel_distance_standard_error"])
        assert found["kernel_distance"] > floor["kernel_distance"] + 3 * error, subject
        assert found["frechet_distance"] > 1.3 * floor["frechet_distance"], subject
        assert found["usual_speed_share"] < 0.6 * floor["usual_speed_share"], subject
    # by their frames, clips in disorder are as real as the real ones: each time gives the frame of another one
    assert scores["shuffled"]["frame_kernel_distance"] < scores["noise"]["frame_kernel_distance"] / 10
    assert floor["usual_speed_share"] > 0.8


def test_classes_are_kept_from_frame_to_frame_where_they_are_named(scorers):
    real = moving_bars(100, seed=5)[0]
    found = scores_of(scorers["classifier"], real)
    assert found["kept_class_share"] > 0.9
    assert found["coherent_share"] <= min(found["kept_class_share"], found["usual_speed_share"])
    # each frame of another class: half of the frames of a clip show one
    mixed = real.copy()
    mixed[0::2, 0::2], mixed[1::2, 0::2] = real[1::2, 0::2], real[0::2, 0::2]
    assert scores_of(scorers["classifier"], mixed)["kept_class_share"] < 0.1
    assert "kept_class_share" not in scores_of(scorers["random_convolutions"], real)


def test_frames_are_scored_by_one_of_each_clip_at_every_time_in_turn(scorers, extractors):
    clips = moving_bars(12, seed=6)[0]
    seen = scorers["classifier"].extract(clips)
    frames = np.stack([clip[number % LENGTH] for number, clip in enumerate(clips)])
    expected = Extractor(part_of_frames(extractors["classifier"]), 100)(frames)
    np.testing.assert_allclose(seen.frames, expected.features, atol=1e-4)
    assert seen.motion.frame_labels.shape == (12, LENGTH)
    np.testing.assert_allclose(seen.motion.speeds, measure_motion(clips).speeds)


def test_it_is_made_once_and_refused_if_its_frames_were_changed(train, extractors):
    stored = extractors["random_convolutions"]
    assert obtain("random_convolutions", train, stored) is stored
    changed = {name: array + name.startswith("frames/") for name, array in stored["arrays"].items()}
    with pytest.raises(CheckpointError, match="frozen with"):
        obtain("random_convolutions", train, {**stored, "arrays": changed})
    other = {**stored, "metadata": stored["metadata"] | {"origin": stored["metadata"]["origin"] | {"frames": {}}}}
    assert obtain("random_convolutions", train, other)["metadata"] == stored["metadata"]


def test_an_extractor_that_does_not_know_the_frames_is_refused(train, extractors):
    stored = extractors["classifier"]
    frames = stored["metadata"]["frames"] | {"accuracy": 0.1, "least_accuracy": 0.5}
    with pytest.raises(DataError, match=r"10\.0% of the held-out frames rightly; .* at least 50\.0%, which the nearest training frame"):
        obtain("classifier", train, {**stored, "metadata": stored["metadata"] | {"frames": frames}})


def test_an_extractor_of_images_has_no_part_for_frames(extractor):
    assert part_of_frames(extractor) is None
    assert "frames" not in extractor["metadata"]["origin"]


def test_a_clip_counts_as_its_frames(monkeypatch):
    assert (most_images((28, 28, 1)), most_images((16, 32, 32, 1))) == (60_000, 3_750)
    monkeypatch.setattr(classifier, "MOST_IMAGES", 4)
    assert most_images((16, 32, 32, 1)) == 1


@pytest.mark.parametrize("shape", [(2, 8, 8, 1), (3, 32, 32, 3), (64, 8, 16, 1), (16, 64, 64, 3)])
@pytest.mark.parametrize("build", [build_classifier, build_random_convolutions])
def test_networks_for_short_long_and_large_clips_have_small_heads(shape, build):
    assert build(shape, 3).get_layer("features").kernel.shape[0] <= 4**3 * 32


def test_the_length_of_a_clip_is_halved_like_its_sides():
    # 64 → 32 → 16 → 8 → 4
    assert [len(stage_widths(shape)) for shape in ((16, 32, 32, 1), (64, 32, 32, 1), (16, 64, 64, 1))] == [3, 4, 4]


def test_what_clips_allow_without_a_network_is_seen_in_their_middle_frames():
    clips, labels = moving_bars(40, seed=0)
    frames = clips[:, LENGTH // 2]
    known, asked = np.arange(40) < 30, np.arange(40) >= 30
    parts = [(ImageSet(pixels[which], labels[which], NAMES)) for pixels in (clips, frames) for which in (known, asked)]
    assert reachable_accuracy(parts[0], parts[1]) == reachable_accuracy(parts[2], parts[3])
    assert frames.shape == (40, SIZE, SIZE, 1)
