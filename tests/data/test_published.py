import pandas as pd

from automl_skin.data.published import as_parts_of_photographs, as_rows_of_photographs

DERM = pd.DataFrame(
    {
        "case_num": ["1", "2", "3", "4"],
        "diagnosis": ["nevus", "melanoma", "nevus", "nevus"],
        "seven_point_score": ["1", "5", "0", "1"],
        "clinic": ["a/1.jpg", "a/3.jpg", None, None],
        "derm": ["a/2.jpg", None, "a/4.jpg", None],
    }
)


def test_a_row_per_photograph_and_one_for_a_case_without_any():
    rows, (note,) = as_rows_of_photographs(DERM)
    assert rows.index.tolist() == list(range(5))
    assert rows["case_num"].tolist() == ["1", "1", "2", "3", "4"]
    assert rows["image"].fillna("-").tolist() == ["a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "-"]
    assert rows["image_role"].tolist()[:4] == ["clinical", "dermoscopic", "clinical", "dermoscopic"]
    assert not {"clinic", "derm"} & set(rows)
    assert "its 4 rows are read as 5" in note


def test_rows_of_photographs_are_read_once():
    rows, _ = as_rows_of_photographs(DERM)
    again, notes = as_rows_of_photographs(rows)
    assert again.equals(rows)
    assert notes == ()


def test_parts_are_the_rows_of_the_whole_table():
    whole, _ = as_rows_of_photographs(DERM)
    parts = list(as_parts_of_photographs([DERM.iloc[:1], DERM.iloc[1:]]))
    assert pd.concat(parts).equals(whole)


def test_other_tables_stay_as_they_are():
    table = pd.DataFrame({"image": ["1", "2"], "clinic": ["a", "b"], "age": ["UNKNOWN", None]})
    rows, notes = as_rows_of_photographs(table)
    assert rows is table
    assert notes == ()
    (same,) = as_parts_of_photographs([table])
    assert same is table
