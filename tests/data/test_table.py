from pathlib import Path

import pandas as pd
import pytest

from automl_skin.data.table import (
    blank_missing,
    canonical_text,
    id_text,
    name_rows,
    read_table,
    read_table_in_parts,
    to_numbers,
    with_decimal_points,
)
from automl_skin.errors import TableError


def _write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


IDS = [
    "007",
    "1.10",
    "1.1",
    "1e3",
    "1000",
    "5.0",
    "5",
    "12345678901234567",
    "12345678901234568",
    "+1",
    "1,10",
    "TRUE",
]


def test_cells_are_text_as_they_stand_and_blank_ones_missing(tmp_path):
    path = _write(tmp_path, "id,age,sex\n 007 ,80.0,Unknown\n1e3,, \n1.10,NA,x\n")
    table = read_table(path)
    assert table["id"].tolist() == ["007", "1e3", "1.10"]
    assert table["age"].fillna("-").tolist() == ["80.0", "-", "NA"]
    assert table["sex"].fillna("-").tolist() == ["Unknown", "-", "x"]
    assert blank_missing(table).fillna("-")["sex"].tolist() == ["-", "-", "x"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_ids_stay_as_they_are_in_text_files(tmp_path, delimiter):
    text = "".join(f'"{name}"{delimiter}x\n' for name in IDS)
    table = read_table(_write(tmp_path, f"id{delimiter}age\n{text}"))
    assert id_text(table["id"]).tolist() == IDS
    rows = list(read_table_in_parts(tmp_path / "table.csv", rows=1))
    assert [id_text(row["id"]).iloc[0] for row in rows] == IDS


def test_ids_stay_as_they_are_in_parquet(tmp_path):
    huge = 2**60 + 1
    frame = pd.DataFrame({"text": ["007", "1.10", None], "whole": pd.array([huge, 5, None], dtype="Int64")})
    frame["lacking"] = [7.0, None, 1.5]
    frame.to_parquet(tmp_path / "t.parquet")
    for rows in (None, 1):
        table = pd.concat(read_table_in_parts(tmp_path / "t.parquet", rows))
        assert id_text(table["text"]).fillna("-").tolist() == ["007", "1.10", "-"]
        assert id_text(table["whole"]).fillna("-").tolist() == [str(huge), "5", "-"]
        assert id_text(table["lacking"]).fillna("-").tolist() == ["7", "-", "1.5"]  # as written before pandas


def test_an_umlaut_is_one_id_however_it_is_written():
    assert id_text(pd.Series(["Mu\u0308ller"])).tolist() == ["M\u00fcller"]


@pytest.mark.parametrize("word", ["", "NA", "unknown", "None", "#N/A"])
def test_words_for_missing_are_no_ids(word):
    assert id_text(pd.Series(["a", word])).isna().tolist() == [False, True]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_byte_order_mark_and_delimiters(tmp_path, delimiter):
    path = _write(tmp_path, f"\ufeffimage{delimiter}age\na{delimiter}5\n")
    assert list(read_table(path).columns) == ["image", "age"]


def test_decimal_commas_of_a_european_spreadsheet_are_numbers_and_no_change_of_ids(tmp_path):
    table = read_table(_write(tmp_path, "image;size;grade\n1,10;5,5;1,0\n1,1;6;1\n"))
    assert to_numbers(table["size"]).tolist() == [5.5, 6.0]
    assert canonical_text(table["grade"]).tolist() == ["1", "1"]
    assert id_text(table["image"]).tolist() == ["1,10", "1,1"]
    assert with_decimal_points(table, but="image").loc[0].tolist() == ["1,10", "5.5", "1.0"]


def test_a_comma_in_another_table_is_no_decimal(tmp_path):
    table = read_table(_write(tmp_path, 'image,count\na,"1,234"\n'))
    assert to_numbers(table["count"]).isna().all()


def test_quoted_line_breaks_and_delimiters(tmp_path):
    table = read_table(_write(tmp_path, 'image,note\na,"x, y\nz"\n'))
    assert table["note"].tolist() == ["x, y\nz"]


def test_parquet_gives_what_csv_gives(tmp_path):
    csv = read_table(_write(tmp_path, "image,age,yes,n\na,5,True,1\nb,,False,2\n"))
    frame = pd.DataFrame({"image": ["a", "b"], "age": [5.0, None], "yes": [True, False], "n": [1, 2]})
    frame.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.parquet"), csv)
    assert to_numbers(csv["age"]).fillna(-1).tolist() == [5.0, -1.0]


def test_parts_hold_the_same_rows_and_go_on_counting(tmp_path):
    path = _write(tmp_path, "image\n" + "".join(f"i{row}\n" for row in range(7)))
    parts = list(read_table_in_parts(path, rows=3))
    assert [len(part) for part in parts] == [3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat(parts), read_table(path))
    assert parts[2].index[0] == 6


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "expected a first line of column names"),
        ("image,age\n", "expected at least one row"),
        ("image,age,image\na,1,b\n", "got image twice"),
        ("image,age\na,1,2\n", "expected 2 values per row, got more in row 1"),
        ("image,age\na,1\nb,1,2\n", "got more in row 2"),
        ("image,age\na,1,2,3\nb,1\n", "got more in row 1"),
        ('image,age\na,"1\nb,2\n', "line 3 cannot be read"),
        ('image,age\na,"x"y\n', "line 2 cannot be read"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, text, match):
    with pytest.raises(TableError, match=match):
        read_table(_write(tmp_path, text))


def test_a_row_cut_short_has_missing_values(tmp_path):
    assert read_table(_write(tmp_path, "image,age\na,1\nb"))["age"].isna().tolist() == [False, True]


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(TableError, match="expected a file, got none"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes("image,clinique\na,généraliste\n".encode("latin-1"))
    with pytest.raises(TableError, match="UTF-8"):
        read_table(tmp_path / "latin.csv")
    with pytest.raises(TableError, match="expected a Parquet file"):
        read_table(_write(tmp_path, "image\na\n", "text.parquet"))


def test_canonical_text_is_one_level_whatever_the_type():
    for values in ([1, 0], [1.0, 0.0], ["1", "0"], ["1.0", "0.0"]):
        assert canonical_text(pd.Series(values)).tolist() == ["1", "0"]
    assert canonical_text(pd.Series(["007", " x ", "none"])).fillna("-").tolist() == ["007", "x", "-"]


def test_to_numbers_reads_capped_ages():
    numbers = to_numbers(pd.Series(["85+", "60", "old", None]))
    assert numbers.fillna(-1).tolist() == [85, 60, -1, -1]


def test_rows_are_counted_from_one():
    assert name_rows([0]) == "row 1"
    assert name_rows(range(7), shown=2) == "rows 1, 2 and 5 more"


def test_minus_zero_is_zero():
    values = pd.Series([-0.0, 0.0, 1.0, -1.0])
    assert canonical_text(values).tolist() == ["0", "0", "1", "-1"]
