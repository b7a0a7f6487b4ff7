import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import StorageError
from automl_skin.images import inspection_cache
from automl_skin.images.fingerprint import FINGERPRINT_LENGTH
from automl_skin.images.inspection_cache import TYPES, Known, cache_file, read_known, write_known


def known(*paths, size=7):
    rest = (4, 3, "", "JPEG", "Canon", "", "", 9)
    rows = [(path, size, 123456789012345678, f"digest of {path}", *rest) for path in paths]
    table = pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)
    fingerprints = np.random.default_rng(size).random((len(paths), FINGERPRINT_LENGTH), np.float32)
    return Known(table, fingerprints)


def same(left, right):
    pd.testing.assert_frame_equal(left.table, right.table)
    np.testing.assert_array_equal(left.fingerprints, right.fingerprints)
    return True


@pytest.mark.parametrize("rows", [known("a", "b", "ü"), known("a"), Known()])
def test_what_is_written_is_read(tmp_path, rows):
    write_known(tmp_path / "k.parquet", rows)
    assert same(read_known(tmp_path / "k.parquet"), rows)


def test_nothing_is_known_without_a_file_or_with_a_damaged_one(tmp_path):
    file = tmp_path / "k.parquet"
    assert same(read_known(file), Known())
    write_known(file, known("a", "b"))
    file.write_bytes(file.read_bytes()[:500])
    assert same(read_known(file), Known())


def test_one_changed_byte_is_never_believed(tmp_path):
    file = tmp_path / "k.parquet"
    write_known(file, known("a", "b"))
    whole = file.read_bytes()
    for place in range(10, len(whole), len(whole) // 50):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        found = read_known(file)
        assert len(found.table) == 0 or same(found, known("a", "b"))


def test_another_fingerprint_makes_the_file_void(tmp_path, monkeypatch):
    file = tmp_path / "k.parquet"
    write_known(file, known("a"))
    monkeypatch.setattr(inspection_cache, "fingerprint", lambda _: np.zeros(FINGERPRINT_LENGTH, np.float32))
    assert len(read_known(file).table) == 0


def test_take_and_updated():
    first, second = known("a", "b", "c"), known("b", "d", size=9)
    both = first.updated(second)
    assert list(both.table["path"]) == ["a", "c", "b", "d"]
    taken = both.take(["b", "a", "b"])
    assert list(taken.table["size_bytes"]) == [9, 7, 9]
    np.testing.assert_array_equal(taken.fingerprints[0], second.fingerprints[0])
    np.testing.assert_array_equal(taken.fingerprints[1], first.fingerprints[0])


def test_folders_have_a_file_each(tmp_path):
    assert cache_file(tmp_path, tmp_path / "a") != cache_file(tmp_path, tmp_path / "b")
    assert cache_file(tmp_path, tmp_path / "a") == cache_file(tmp_path, tmp_path / "a")


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .*; choose another folder"):
        write_known(tmp_path / "file" / "k.parquet", known("a"))
