import pandas as pd

from automl_skin.papers.curation.copies import copies, in_reference, reasons


def test_of_equal_bytes_the_test_image_stays_then_the_newest_then_the_first(isic):
    table = isic(9, year=[2016, 2019, None, 2019, 2020, 2017, 2018, None, None])
    table["split"] = ["train"] * 8 + ["test"]
    contents = pd.Series(["a", "a", "a", "b", "c", "c", None, None, "b"], index=table.index)
    found = copies(table, contents)
    assert {row[1]: stays for row, stays in zip(found.index, found["row"], strict=True)} == {
        1: 2,
        3: 2,
        4: 9,
        6: 5,
    }


def test_of_equal_rows_the_first_stays_and_rows_without_a_key_are_no_copies(isic):
    table = isic(6)
    keys = pd.Series(["x", "x", "x", None, None, "y"], index=table.index)
    assert reasons(copies(table, keys), "same image id").to_dict() == {
        ("isic.csv", 2): "same image id as isic.csv, row 1",
        ("isic.csv", 3): "same image id as isic.csv, row 1",
    }


def test_without_copies_nothing_goes(isic):
    table = isic(3)
    assert copies(table, pd.Series(["a", "b", None], index=table.index)).empty
    assert copies(table, pd.Series([None, None, None], index=table.index, dtype="str")).empty


def test_what_a_reference_set_holds_goes(isic):
    table, reference = isic(3), isic(2 * 3, name="before.csv")
    keys = pd.Series(["a", "b", None], index=table.index)
    known = pd.Series([None, "b", "b", "z", "y", "x"], index=reference.index)
    found = in_reference(table, keys, known)
    assert reasons(found, "same bytes").to_dict() == {("isic.csv", 2): "same bytes as before.csv, row 2"}
