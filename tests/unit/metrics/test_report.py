"""The report holds every metric, under a key that states the protocol."""

import dataclasses

import numpy as np
import pytest

from ganflow.errors import DataError
from ganflow.metrics.classes import class_histogram_distance
from ganflow.metrics.frechet import frechet_distance
from ganflow.metrics.kernel import kernel_distance
from ganflow.metrics.motion import measure_motion, motion_scores
from ganflow.metrics.neighbours import manifold_scores
from ganflow.metrics.report import FeatureSet, score, score_key
from moving_bars import moving_bars


@pytest.fixture
def real():
    rng = np.random.default_rng(0)
    return FeatureSet(features=rng.normal(size=(40, 3)), labels=np.arange(40) % 4)


@pytest.fixture
def generated():
    rng = np.random.default_rng(1)
    # class 3 is missing
    return FeatureSet(features=rng.normal(0.5, 1.5, size=(60, 3)), labels=np.arange(60) % 3)


def test_key_states_the_protocol():
    assert score_key("frechet_distance", 4000) == "frechet_distance_4000_heldout"


def test_report_holds_what_the_metrics_return(real, generated):
    kernel, manifold = kernel_distance(real.features, generated.features), manifold_scores(real.features, generated.features, 3)
    assert score(real, generated, num_classes=4, num_neighbours=3) == {
        "frechet_distance_60_heldout": frechet_distance(real.features, generated.features),
        "kernel_distance_60_heldout": kernel.value,
        "kernel_distance_standard_error_60_heldout": kernel.standard_error,
        "precision_60_heldout": manifold.precision,
        "recall_60_heldout": manifold.recall,
        "density_60_heldout": manifold.density,
        "coverage_60_heldout": manifold.coverage,
        "class_histogram_distance_60_heldout": class_histogram_distance(real.labels, generated.labels, 4),
        "num_classes_reached_60_heldout": 3.0,
    }


def test_of_asked_classes_the_share_and_the_distance_within_them(real, generated):
    # some of the sixty were asked to be of class 3, which is never drawn
    asked = np.where(np.arange(60) % 9 == 0, 3, generated.labels)
    scores = score(real, dataclasses.replace(generated, asked=asked), num_classes=4, num_neighbours=3)
    # seven of sixty are multiples of nine
    assert scores["asked_class_share_60_heldout"] == pytest.approx(53 / 60)
    assert scores["lowest_asked_class_share_60_heldout"] == 0.0
    distances = [kernel_distance(real.features[real.labels == own], generated.features[asked == own]).value for own in range(4)]
    assert scores["kernel_distance_within_classes_60_heldout"] == pytest.approx(np.mean(distances))


def test_classes_of_fewer_than_four_images_have_no_distance(real, generated):
    asked = np.full(60, 2)
    scores = score(dataclasses.replace(real, labels=np.zeros(40, int)), dataclasses.replace(generated, asked=asked), num_classes=4)
    assert np.isnan(scores["kernel_distance_within_classes_60_heldout"])


def test_every_score_is_a_plain_float(real, generated):
    assert {type(value) for value in score(real, generated, num_classes=4).values()} == {float}


def test_five_neighbours_are_the_default(real, generated):
    assert score(real, generated, num_classes=4) == score(real, generated, num_classes=4, num_neighbours=5)
    assert score(real, generated, num_classes=4) != score(real, generated, num_classes=4, num_neighbours=4)


def test_one_label_per_sample_is_required():
    with pytest.raises(DataError, match=r"5 features and 4 labels.*sample\. Take both from the same pass of the classifier\.$"):
        FeatureSet(features=np.zeros((5, 2)), labels=np.zeros(4, dtype=int))


def test_without_classes_all_other_scores_are_the_same(real, generated):
    whole = score(real, generated, num_classes=4)
    without = score(real, FeatureSet(generated.features), num_classes=0)
    assert whole.keys() - without.keys() == {"class_histogram_distance_60_heldout", "num_classes_reached_60_heldout"}
    assert without == {name: whole[name] for name in without}


def test_of_clips_their_frames_and_motion_are_scored_too(real, generated):
    frames = {number: np.random.default_rng(number).normal(size=(40 + 20 * number, 5)) for number in (0, 1)}
    motion = {number: measure_motion(moving_bars(40 + 20 * number, seed=number)[0]) for number in (0, 1)}
    parts = [dataclasses.replace(own, frames=frames[number], motion=motion[number]) for number, own in enumerate((real, generated))]
    kernel = kernel_distance(frames[0], frames[1])
    others = {
        "frame_frechet_distance": frechet_distance(frames[0], frames[1]),
        "frame_kernel_distance": kernel.value,
        "frame_kernel_distance_standard_error": kernel.standard_error,
        **motion_scores(motion[0], motion[1]),
    }
    expected = score(real, generated, num_classes=4) | {score_key(name, 60): value for name, value in others.items()}
    assert score(*parts, num_classes=4) == expected
