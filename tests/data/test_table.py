from pathlib import Path

import pandas as pd
import pytest

from automl_skin.data.table import (
    canonical_text,
    join_tables,
    name_rows,
    read_table,
    read_table_in_parts,
    to_numbers,
)
from automl_skin.errors import TableError


def _write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_text_and_words_for_missing(tmp_path):
    path = _write(tmp_path, "id,age,sex,note\n007,80.0,male,Unknown\n008,NA,UNK,?\n009,85,female,x\n")
    table = read_table(path)
    assert list(table["id"]) == ["007", "008", "009"]
    assert table["age"].dtype == "float64"
    assert table["age"].isna().tolist() == [False, True, False]
    assert table["sex"].isna().tolist() == [False, True, False]
    assert table["note"].isna().tolist() == [True, True, False]


def test_long_numbers_keep_all_digits(tmp_path):
    table = read_table(_write(tmp_path, "id\n12345678901234567\n12345678901234568\n"))
    assert table["id"].nunique() == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_byte_order_mark_and_delimiters(tmp_path, delimiter):
    path = _write(tmp_path, f"\ufeffimage{delimiter}age\na{delimiter}5\n")
    assert list(read_table(path).columns) == ["image", "age"]


def test_decimal_commas_of_a_european_spreadsheet(tmp_path):
    table = read_table(_write(tmp_path, "image;size\na;5,5\nb;6\n"))
    assert table["size"].tolist() == [5.5, 6.0]


def test_quoted_line_breaks_and_delimiters(tmp_path):
    table = read_table(_write(tmp_path, 'image,note\na,"x, y\nz"\n'))
    assert table["note"].tolist() == ["x, y\nz"]


def test_parquet_gives_what_csv_gives(tmp_path):
    csv = read_table(_write(tmp_path, "image,age,yes,n\na,5,True,1\nb,,False,2\n"))
    frame = pd.DataFrame({"image": ["a", "b"], "age": [5.0, None], "yes": [True, False], "n": [1, 2]})
    frame.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.parquet"), csv)


def test_parts_hold_the_same_rows_and_go_on_counting(tmp_path):
    path = _write(tmp_path, "image\n" + "".join(f"i{row}\n" for row in range(7)))
    parts = list(read_table_in_parts(path, rows=3))
    assert [len(part) for part in parts] == [3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat(parts), read_table(path))
    assert parts[2].index[0] == 6


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "begin with a line of column names"),
        ("image,age\n", "at least one row"),
        ("image,age,image\na,1,b\n", "has image twice"),
        ("image,age\na,1,2\n", "must have 2 values"),
        ("image,age\na,1\nb,1,2\n", "row 2 have more"),
        ("image,age\na,1\nb,1,2,3\n", "must have 2 values"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, text, match):
    with pytest.raises(TableError, match=match):
        read_table(_write(tmp_path, text))


def test_a_row_cut_short_has_missing_values(tmp_path):
    assert read_table(_write(tmp_path, "image,age\na,1\nb"))["age"].isna().tolist() == [False, True]


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(TableError, match="must be a file"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes("image,clinique\na,généraliste\n".encode("latin-1"))
    with pytest.raises(TableError, match="UTF-8"):
        read_table(tmp_path / "latin.csv")
    with pytest.raises(TableError, match="must be a Parquet file"):
        read_table(_write(tmp_path, "image\na\n", "text.parquet"))


def test_canonical_text_is_one_level_whatever_the_type():
    for values in ([1, 0], [1.0, 0.0], ["1", "0"], ["1.0", "0.0"]):
        assert canonical_text(pd.Series(values)).tolist() == ["1", "0"]
    assert canonical_text(pd.Series(["007", " x ", "none"])).fillna("-").tolist() == ["007", "x", "-"]


def test_to_numbers_reads_capped_ages():
    numbers = to_numbers(pd.Series(["85+", "60", "old", None]))
    assert numbers.fillna(-1).tolist() == [85, 60, -1, -1]


def test_join_tables_by_the_shared_id():
    metadata = pd.DataFrame({"image": ["a", "b"], "age": [1.0, 2.0]})
    truth = pd.DataFrame({"image": ["b", "a"], "MEL": [1.0, 0.0]})
    assert join_tables([metadata, truth])["MEL"].tolist() == [0.0, 1.0]
    with pytest.raises(TableError, match="share an id column"):
        join_tables([metadata, truth.rename(columns={"image": "x"})])
    with pytest.raises(TableError, match="row 1 are not"):
        join_tables([metadata, truth.iloc[:1]])


def test_rows_are_counted_from_one():
    assert name_rows([0]) == "row 1"
    assert name_rows(range(7), shown=2) == "rows 1, 2 and 5 more"
