"""The extractor is made once, a changed one is refused, and so is one that knows too little or needs what is not there."""

import pytest

from ganflow.data.images import ImageSet
from ganflow.errors import CheckpointError, ConfigurationError, DataError
from ganflow.features.extractor import choose_extractor
from ganflow.features.stored import name_extractor


def test_the_extractor_is_trained_once_for_each_origin(obtain, extractor, extractor_parameters):
    assert obtain(extractor) is extractor
    again = obtain(extractor, sha256="b" * 64)
    assert again is not extractor
    # the same images under another name give the same weights: training repeats itself
    assert again["metadata"]["sha256"] == extractor["metadata"]["sha256"]
    other = obtain(extractor, parameters=extractor_parameters.model_copy(update={"seed": 3}))
    assert other["metadata"]["sha256"] != extractor["metadata"]["sha256"]


def test_a_changed_extractor_is_refused_and_a_foreign_file_replaced(obtain, extractor):
    changed = {name: array + 1 for name, array in extractor["arrays"].items()}
    with pytest.raises(CheckpointError, match="not the .* frozen with.*make it anew"):
        obtain({"arrays": changed, "metadata": extractor["metadata"]})
    again = obtain({"arrays": {}, "metadata": {"other": 1}})
    assert again["metadata"] == extractor["metadata"]
    assert 0 <= extractor["metadata"]["accuracy"] <= 1


@pytest.mark.parametrize(
    ("name", "has_labels", "chosen"),
    [("auto", True, "classifier"), ("auto", False, "random_convolutions"), ("classifier", True, "classifier")]
    + [("random_convolutions", has_labels, "random_convolutions") for has_labels in (True, False)],
)
def test_the_extractor_suits_the_images(name, has_labels, chosen):
    assert choose_extractor(name, has_labels) == chosen


def test_an_extractor_that_needs_labels_is_refused_where_there_are_none():
    with pytest.raises(ConfigurationError, match=r"Got extractor\.name 'classifier', which needs labels, .* Set extractor\.name to auto"):
        choose_extractor("classifier", has_labels=False)
    with pytest.raises(
        ConfigurationError, match=r"Unknown extractor 'inception': known are \['auto', 'classifier', 'random_convolutions'\]"
    ):
        choose_extractor("inception", has_labels=True)


def test_a_classifier_that_knows_too_little_is_refused_before_anything_is_trained(obtain, extractor, extractor_parameters):
    # images of noise: nobody can name their classes
    accuracy = extractor["metadata"]["accuracy"]
    assert accuracy < 1
    with pytest.raises(DataError, match=r"names .* rightly; .* at least 100\.0%, extractor\.minimum_accuracy\. Raise extractor\.epochs"):
        obtain(extractor, parameters=extractor_parameters.model_copy(update={"minimum_accuracy": 1.0}))
    # the nearest image is the image itself, since both sets are the same here
    assert extractor["metadata"]["least_accuracy"] == 1.0
    with pytest.raises(DataError, match=r"at least 100\.0%, which the nearest training image reaches, pixel by pixel\."):
        obtain(extractor, parameters=extractor_parameters.model_copy(update={"minimum_accuracy": None}))
    passing = extractor_parameters.model_copy(update={"minimum_accuracy": accuracy})
    assert obtain(extractor, parameters=passing) is extractor


def test_images_without_labels_have_another_extractor_of_another_name(obtain, extractor, labelled):
    other = obtain(extractor, images=ImageSet(labelled.images), class_names=[])
    assert name_extractor(extractor) == f"classifier {extractor['metadata']['sha256'][:12]}"
    assert name_extractor(other) == f"random_convolutions {other['metadata']['sha256'][:12]}"
