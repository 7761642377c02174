"""The extractor is trained once, and a changed one is refused."""

import pytest

from ganflow.errors import CheckpointError


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
