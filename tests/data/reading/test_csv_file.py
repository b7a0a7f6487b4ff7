import gzip

import pytest

from automl_skin.data.table import read_table, to_numbers
from automl_skin.errors import TableError

TEXT = "image;size\n0007;5,5\n0008;6\n"


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "\ufeffSEP=;\n"])
def test_the_line_that_excel_reads_its_delimiter_from(tmp_path, first):
    (tmp_path / "t.csv").write_text(first + TEXT, encoding="utf-8")
    table = read_table(tmp_path / "t.csv")
    assert list(table.columns) == ["image", "size"]
    assert table["image"].tolist() == ["0007", "0008"]
    assert to_numbers(table["size"]).tolist() == [5.5, 6.0]


def test_that_line_may_name_any_sign(tmp_path):
    (tmp_path / "t.csv").write_text("sep=|\nimage|note\na|x, y; z\n", encoding="utf-8")
    assert read_table(tmp_path / "t.csv")["note"].tolist() == ["x, y; z"]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv", "t.gz"])
def test_a_packed_table_is_unpacked_whatever_it_is_called(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(TEXT.encode()))
    assert read_table(tmp_path / name)["image"].tolist() == ["0007", "0008"]


def test_a_damaged_packed_table_is_named(tmp_path):
    whole = gzip.compress(("image,age\n" + "a,1\n" * 5000).encode())
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 0xFF
    for content in (whole[:-20], bytes(changed), whole[:12]):
        (tmp_path / "t.csv.gz").write_bytes(content)
        with pytest.raises(TableError, match=r"t\.csv\.gz: (the gzip file is damaged|expected)"):
            read_table(tmp_path / "t.csv.gz")


def test_lines_end_as_they_end_anywhere(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "t.csv").write_bytes(end.join(["image,age", "a,1", "", "b,2"]).encode())
        assert read_table(tmp_path / "t.csv")["image"].tolist() == ["a", "b"]


def test_blank_lines_above_the_names_are_no_line_of_names(tmp_path):
    (tmp_path / "t.csv").write_text("\n \nimage;size\n0007;5,5\n", encoding="utf-8")
    assert read_table(tmp_path / "t.csv").to_numpy().tolist() == [["0007", "5,5"]]


def test_blank_values_behind_the_last_column_are_no_surplus(tmp_path):
    (tmp_path / "t.csv").write_text("image,age\na,1,,\nb,2\n", encoding="utf-8")
    assert read_table(tmp_path / "t.csv").shape == (2, 2)
