import pandas as pd
import pytest

from automl_skin.errors import StorageError
from automl_skin.images.verification_cache import PAIR, cache_file, read_verified, write_verified


def _series(values):
    return pd.Series(
        list(values.values()), index=pd.MultiIndex.from_tuples(values, names=PAIR), dtype="float64"
    )


def test_nothing_is_known_at_first(tmp_path):
    assert len(read_verified(tmp_path)) == 0
    assert read_verified(tmp_path).index.names == PAIR


def test_what_was_written_is_read_and_added_to(tmp_path):
    write_verified(tmp_path, _series({("a", "b"): 0.25, ("a", "c"): -1.0}))
    write_verified(tmp_path, _series({("a", "c"): 0.5, ("b", "c"): 0.125}))
    assert read_verified(tmp_path).to_dict() == {("a", "b"): 0.25, ("a", "c"): 0.5, ("b", "c"): 0.125}


@pytest.mark.parametrize("content", [b"", b"PAR1 torn", b"no parquet at all, but long enough to look into"])
def test_a_damaged_file_counts_as_none_and_is_replaced(tmp_path, content):
    cache_file(tmp_path).parent.mkdir()
    cache_file(tmp_path).write_bytes(content)
    assert len(read_verified(tmp_path)) == 0
    write_verified(tmp_path, _series({("a", "b"): 0.25}))
    assert read_verified(tmp_path).to_dict() == {("a", "b"): 0.25}


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="choose another folder"):
        write_verified(tmp_path / "file", _series({("a", "b"): 0.25}))


def test_another_version_of_the_algorithm_has_another_file(tmp_path, monkeypatch):
    write_verified(tmp_path, _series({("a", "b"): 0.25}))
    monkeypatch.setattr("automl_skin.images.verification_cache.ALIGNMENT_VERSION", 999)
    assert len(read_verified(tmp_path)) == 0
