import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kedro.io import DatasetError
from safetensors.numpy import load_file, save_file

from ganflow.datasets import SafetensorsDataset
from ganflow.errors import CheckpointError

NUMBERS = st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes(sizes=(16, 32, 64)))
ARRAYS = hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
METADATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("añ/{", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(
    arrays=st.dictionaries(st.text("abz/_.é", min_size=1, max_size=4), ARRAYS, max_size=4),
    metadata=st.dictionaries(st.text("abé", max_size=4), METADATA, max_size=3),
    transposed=st.booleans(),
)
def test_every_value_comes_back(arrays, metadata, transposed):
    arrays = {name: array.T if transposed else array for name, array in arrays.items()}
    with tempfile.TemporaryDirectory() as folder:
        dataset = SafetensorsDataset(filepath=Path(folder) / "a.safetensors")
        dataset.save({"arrays": arrays, "metadata": metadata})
        loaded = dataset.load()
    assert loaded["metadata"] == metadata
    assert loaded["arrays"].keys() == arrays.keys()
    for name, array in arrays.items():
        native = array.astype(array.dtype.newbyteorder("="))
        assert (loaded["arrays"][name].dtype, loaded["arrays"][name].shape) == (native.dtype, native.shape)
        assert loaded["arrays"][name].tobytes() == native.tobytes()


def test_other_readers_of_the_format_can_read_it(tmp_path):
    SafetensorsDataset(filepath=tmp_path / "a").save({"arrays": {"w": np.arange(6).reshape(2, 3).T}, "metadata": {}})
    assert load_file(tmp_path / "a")["w"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_the_same_value_gives_the_same_bytes_in_another_process(tmp_path):
    code = """if True:
        import sys, numpy as np
        from ganflow.datasets import SafetensorsDataset
        metadata = {name: 1 for name in "abcdefgh"}
        SafetensorsDataset(filepath=sys.argv[1]).save({"arrays": {"a": np.ones(2), "b": np.ones(3)}, "metadata": metadata})
    """
    for name in "xy":
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
    assert len({(tmp_path / name).read_bytes() for name in "xy"}) == 1


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(DatasetError, match="No such file or directory"):
        SafetensorsDataset(filepath=path).load()
    lenient = SafetensorsDataset(filepath=path, missing_ok=True)
    assert lenient.load() == {}
    assert not lenient.exists()
    lenient.save({"arrays": {}, "metadata": {"step": 1}})
    assert lenient.load() == {"arrays": {}, "metadata": {"step": 1}}


@pytest.mark.parametrize("missing_ok", [False, True])
def test_a_file_cut_off_anywhere_is_told_as_damaged(tmp_path, missing_ok):
    path = tmp_path / "a.safetensors"
    dataset = SafetensorsDataset(filepath=path, missing_ok=missing_ok)
    dataset.save({"arrays": {"w": np.arange(3)}, "metadata": {"step": 1}})
    content = path.read_bytes()
    for num_bytes in range(len(content)):
        path.write_bytes(content[:num_bytes])
        with pytest.raises(DatasetError) as caught:
            dataset.load()
        assert isinstance(caught.value.__cause__, CheckpointError)
        assert f"{path} is damaged: " in str(caught.value)
        assert "Delete it; the next run" in str(caught.value)


def test_bytes_of_something_else_and_metadata_that_is_no_json_are_damage(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x80\x04cos\nsystem\n" * 9)
    with pytest.raises(DatasetError, match="is damaged"):
        SafetensorsDataset(filepath=path).load()
    save_file({"w": np.zeros(1)}, path, metadata={"metadata": "{half"})
    with pytest.raises(DatasetError, match="is damaged"):
        SafetensorsDataset(filepath=path).load()


def test_a_file_without_metadata_has_none(tmp_path):
    save_file({"w": np.zeros(1)}, tmp_path / "a")
    assert SafetensorsDataset(filepath=tmp_path / "a").load()["metadata"] == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"arrays": {}}, "expected \\['arrays', 'metadata'\\]"),
        ({}, "Got keys \\[\\]"),
        ({"arrays": {"w": np.array(["text"])}, "metadata": {}}, "Unknown dtype"),
        ({"arrays": {}, "metadata": {"step": np.int64(1)}}, "not JSON serializable"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(tmp_path, value, message):
    dataset = SafetensorsDataset(filepath=tmp_path / "a")
    with pytest.raises(DatasetError, match=message):
        dataset.save(value)
    assert not dataset.exists()
