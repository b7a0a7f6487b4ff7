import pandas as pd
import pytest

from automl_skin.data.record import read_labels, read_record, write_labels, write_record
from automl_skin.errors import IntegrityError, StorageError

TABLES = {"cases": pd.DataFrame({"lesion": ["l", None]}, index=pd.Index(["a", "b"], name="case"))}


def test_what_is_written_is_read(tmp_path):
    write_record(tmp_path / "m", TABLES, {"kinds": {"age": "number"}})
    tables, summary = read_record(tmp_path / "m")
    pd.testing.assert_frame_equal(tables["cases"], TABLES["cases"])
    assert summary["kinds"] == {"age": "number"}


def test_half_a_record_is_none(tmp_path, monkeypatch):
    write_record(tmp_path, TABLES, {})
    (tmp_path / "blocked").write_text("")
    with pytest.raises(StorageError, match="part of the path is a file"):
        write_record(tmp_path / "blocked" / "m", TABLES, {})
    monkeypatch.setattr("automl_skin.data.record.digest_file", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_record(tmp_path, TABLES, {})
    with pytest.raises(IntegrityError, match=r"has no manifest\.json"):
        read_record(tmp_path)


def test_a_changed_file_is_seen(tmp_path):
    write_record(tmp_path, TABLES, {})
    pd.DataFrame({"lesion": ["x"]}).to_parquet(tmp_path / "cases.parquet")
    with pytest.raises(IntegrityError, match=r"cases\.parquet is not what"):
        read_record(tmp_path)


def test_labels_have_a_file_of_their_own(tmp_path):
    labels = pd.DataFrame(
        {"label": [0, 1], "diagnosis": ["nv", "mel"]}, index=pd.Index(["a", "b"], name="case")
    )
    write_labels(tmp_path / "labels.parquet", labels)
    pd.testing.assert_frame_equal(read_labels(tmp_path / "labels.parquet"), labels)
    (tmp_path / "labels.parquet").write_bytes(b"PAR1")
    for name in ("labels.parquet", "absent.parquet"):
        with pytest.raises(IntegrityError, match="file of labels"):
            read_labels(tmp_path / name)
