import hashlib

import numpy as np
import pytest

from automl_skin.digests import digest_array, digest_bytes, digest_file, digest_json

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_digest_is_sha256(tmp_path):
    path = tmp_path / "file"
    content = bytes(range(256)) * 5000
    path.write_bytes(content)
    assert digest_bytes(b"") == EMPTY
    assert digest_file(path) == digest_bytes(content) == hashlib.sha256(content).hexdigest()


def test_one_changed_byte_changes_the_digest(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"lesion")
    before = digest_file(path)
    path.write_bytes(b"lesioN")
    assert digest_file(path) != before


def test_json_digest_ignores_the_order_of_keys_only():
    value = {"b": [1, 2, {"y": None, "x": True}], "a": "Läsion"}
    assert digest_json(value) == digest_json({"a": "Läsion", "b": [1, 2, {"x": True, "y": None}]})
    assert digest_json(value) != digest_json({**value, "b": [2, 1, {"y": None, "x": True}]})
    assert digest_json([1]) != digest_json(["1"])
    assert digest_json({"a": None}) != digest_json({})


def test_json_digest_never_changes():
    """Written down once: plans and cache keys on users' disks depend on it."""
    assert digest_json({"a": [1, 2.5, "x"], "b": None}) == digest_bytes(b'{"a":[1,2.5,"x"],"b":null}')


def test_json_digest_refuses_what_json_cannot_hold():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest_json({"x": float("nan")})


def test_array_digest_sees_values_shape_and_type():
    array = np.arange(6, dtype=np.float32)
    digests = [
        digest_array(array),
        digest_array(array.reshape(2, 3)),
        digest_array(array.astype(np.float64)),
        digest_array(array.view(np.int32)),
        digest_array(array[::-1]),
    ]
    assert len(set(digests)) == len(digests)


def test_array_digest_does_not_see_the_layout_in_memory():
    array = np.arange(12.0).reshape(3, 4)
    assert digest_array(np.asfortranarray(array)) == digest_array(array)
    assert digest_array(np.repeat(array, 2, axis=1)[:, ::2]) == digest_array(array)
