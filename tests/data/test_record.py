from dataclasses import dataclass

import pandas as pd
import pytest

from automl_skin.data.record import read_labels, read_tables, write_labels, write_tables
from automl_skin.errors import IntegrityError, StorageError


@dataclass(frozen=True)
class Facts:
    kinds: dict[str, str]


FACTS = Facts({"age": "number"})
TABLES = {"cases": pd.DataFrame({"lesion": ["l", None]}, index=pd.Index(["a", "b"], name="case"))}


def test_what_is_written_is_read(tmp_path):
    write_tables(tmp_path / "m", TABLES, FACTS)
    tables, summary = read_tables(tmp_path / "m", Facts)
    pd.testing.assert_frame_equal(tables["cases"], TABLES["cases"])
    assert summary == FACTS


def test_half_a_record_is_none(tmp_path, monkeypatch):
    write_tables(tmp_path, TABLES, FACTS)
    (tmp_path / "blocked").write_text("")
    with pytest.raises(StorageError, match="part of the path is a file"):
        write_tables(tmp_path / "blocked" / "m", TABLES, FACTS)
    monkeypatch.setattr("automl_skin.data.record.digest_file", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_tables(tmp_path, TABLES, FACTS)
    with pytest.raises(IntegrityError, match=r"manifest\.json is missing"):
        read_tables(tmp_path, Facts)


def test_a_changed_file_is_seen(tmp_path):
    write_tables(tmp_path, TABLES, FACTS)
    pd.DataFrame({"lesion": ["x"]}).to_parquet(tmp_path / "cases.parquet")
    with pytest.raises(IntegrityError, match=r"cases\.parquet: expected the digest that"):
        read_tables(tmp_path, Facts)


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
