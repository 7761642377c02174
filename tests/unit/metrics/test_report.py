"""The report holds every metric, under a key that states the protocol."""

import numpy as np
import pytest

from ganflow.errors import DataError
from ganflow.metrics.classes import class_histogram_distance
from ganflow.metrics.frechet import frechet_distance
from ganflow.metrics.kernel import kernel_distance
from ganflow.metrics.neighbours import manifold_scores
from ganflow.metrics.report import FeatureSet, score, score_key


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
