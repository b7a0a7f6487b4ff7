import numpy as np
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.heads.stored import read_arrays, write_arrays


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.array([1, 2], np.int32)}
    write_arrays(tmp_path / "x.safetensors", arrays)
    back = read_arrays(tmp_path / "x.safetensors")
    assert all(
        (back[name] == arrays[name]).all() and back[name].dtype == arrays[name].dtype for name in arrays
    )


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "x.safetensors"
    write_arrays(path, {"a": np.arange(6.0)})
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(IntegrityError, match=r"x\.safetensors: expected a whole safetensors file"):
        read_arrays(path)
