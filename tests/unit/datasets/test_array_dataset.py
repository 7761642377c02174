import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kedro.io import DatasetError

from ganflow.datasets import ArrayDataset
from ganflow.errors import DataError

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@settings(max_examples=60)
@given(array=hnp.arrays(hnp.scalar_dtypes(), SHAPES), transposed=st.booleans())
def test_every_array_comes_back_bit_for_bit(array, transposed):
    array = array.T if transposed else array
    with tempfile.TemporaryDirectory() as folder:
        dataset = ArrayDataset(filepath=Path(folder) / "a.npy")
        dataset.save(array)
        loaded = dataset.load()
        assert (loaded.dtype, loaded.shape, loaded.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_it_is_mapped_and_cannot_be_written_to(tmp_path):
    dataset = ArrayDataset(filepath=tmp_path / "a.npy")
    dataset.save(np.arange(6))
    loaded = dataset.load()
    assert isinstance(loaded, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded[0] = 1


def test_saving_over_a_mapped_file_leaves_the_mapping_as_it_was(tmp_path):
    dataset = ArrayDataset(filepath=tmp_path / "a.npy")
    dataset.save(np.arange(100_000))
    loaded = dataset.load()
    dataset.save(loaded[:10] + 1)
    assert loaded[-1] == 99_999
    assert dataset.load().tolist() == list(range(1, 11))


def test_objects_are_neither_written_nor_read(tmp_path):
    dataset = ArrayDataset(filepath=tmp_path / "a.npy")
    with pytest.raises(DatasetError, match="Object arrays cannot be saved"):
        dataset.save(np.array([{}], dtype=object))
    assert not dataset.exists()
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match="Python objects"):
        dataset.load()


@pytest.mark.parametrize("num_bytes", [0, 3, 7, 20, 127, 128, 167])
def test_a_truncated_file_is_told_as_such(tmp_path, num_bytes):
    dataset = ArrayDataset(filepath=tmp_path / "a.npy")
    dataset.save(np.arange(5))
    content = (tmp_path / "a.npy").read_bytes()
    assert len(content) == 128 + 5 * 8
    (tmp_path / "a.npy").write_bytes(content[:num_bytes])
    with pytest.raises(DatasetError, match="a.npy is no complete .npy file: .+ Delete it") as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, DataError)


def test_a_missing_file_is_told_as_such(tmp_path):
    with pytest.raises(DatasetError, match="No such file or directory"):
        ArrayDataset(filepath=tmp_path / "a.npy").load()
