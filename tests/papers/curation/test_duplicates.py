import pandas as pd
import pytest

from automl_skin.errors import TableError
from automl_skin.papers.curation.curate import row_index
from automl_skin.papers.curation.duplicates import (
    ListedCopy,
    find_copies,
    find_in_reference,
    find_listed,
    give_reasons,
    image_id,
    read_list,
)


def test_of_equal_bytes_the_test_image_stays_then_the_newest_then_the_first(isic):
    table = isic(9, year=[2016, 2019, None, 2019, 2020, 2017, 2018, None, None])
    table["split"] = ["train"] * 8 + ["test"]
    contents = pd.Series(["a", "a", "a", "b", "c", "c", None, None, "b"], index=table.index)
    found = find_copies(table, contents)
    assert {row[1]: stays for row, stays in zip(found.index, found["row"], strict=True)} == {
        1: 2,
        3: 2,
        4: 9,
        6: 5,
    }


def test_of_equal_rows_the_first_stays_and_rows_without_a_key_are_no_copies(isic):
    table = isic(6)
    keys = pd.Series(["x", "x", "x", None, None, "y"], index=table.index)
    assert give_reasons(find_copies(table, keys), "same image id").to_dict() == {
        ("isic.csv", 2): "same image id as isic.csv, row 1",
        ("isic.csv", 3): "same image id as isic.csv, row 1",
    }


def test_without_copies_nothing_goes(isic):
    table = isic(3)
    assert find_copies(table, pd.Series(["a", "b", None], index=table.index)).empty
    assert find_copies(table, pd.Series([None, None, None], index=table.index, dtype="str")).empty


def test_what_a_reference_set_holds_goes(isic):
    table, reference = isic(3), isic(2 * 3, name="before.csv")
    keys = pd.Series(["a", "b", None], index=table.index)
    known = pd.Series([None, "b", "b", "z", "y", "x"], index=reference.index)
    found = find_in_reference(table, keys, known)
    assert give_reasons(found, "same bytes").to_dict() == {("isic.csv", 2): "same bytes as before.csv, row 2"}


LINES = """/home/x/ISIC (B)/2016/train/ISBI2016_ISIC_Part3_Training_Data/ISIC_0003346.jpg
/home/x/ISIC (B)/2020/train/ISIC_2020_Training_JPEG/train/ISIC_0409276.jpg

/home/x/ISIC (B)/2019/train/ISIC_2019_Training_Input/ISIC_0000013_downsampled.jpg
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ISIC_0000001.jpg", "ISIC_0000001"),
        ("2019\\train\\ISIC_0000001_downsampled.jpg", "ISIC_0000001"),
        ("ISIC2017_0014229_mel.jpg", "ISIC_0014229"),
        ("folder/PAT_8_15_820.png", "PAT_8_15_820"),
    ],
)
def test_ids_are_found_in_names_and_paths(name, expected):
    assert image_id(name) == expected


def test_a_published_text_file_names_copies_with_the_year_of_their_folder(tmp_path):
    path = tmp_path / "06 - all_train.txt"
    path.write_text(LINES)
    found = read_list(path)
    assert [(entry.image, entry.year) for entry in found] == [
        ("ISIC_0003346", "2016"),
        ("ISIC_0409276", "2020"),
        ("ISIC_0000013", "2019"),
    ]
    assert found[2].source == "06 - all_train.txt, line 4"


def test_a_csv_file_may_have_a_year_column_or_a_single_column_without_heading(tmp_path):
    with_year = tmp_path / "years.csv"
    with_year.write_text("note,isic_id,year\nx,ISIC_0000001,2017\ny,ISIC_0000002,\n")
    assert [(entry.image, entry.year) for entry in read_list(with_year)] == [
        ("ISIC_0000001", "2017"),
        ("ISIC_0000002", ""),
    ]
    bare = tmp_path / "bare.csv"
    bare.write_text("ISIC_0000001.jpg\nISIC_0000002.jpg\n")
    assert [entry.image for entry in read_list(bare)] == ["ISIC_0000001", "ISIC_0000002"]


def test_an_entry_of_another_year_leaves_the_image_that_stays():
    index = row_index("t.csv", 4)
    images = pd.Series(["ISIC_0000001", "ISIC_0000001", "ISIC_0000002", "ISIC_0000003"], index=index)
    years = pd.Series(["2016", "2019", None, "2020"], index=index)
    entries = [
        ListedCopy("ISIC_0000001", "2016", "a, line 1"),
        ListedCopy("ISIC_0000002", "2017", "a, line 2"),
        ListedCopy("ISIC_0000003", "", "b, line 1"),
    ]
    assert find_listed(images, years, entries).to_dict() == {
        ("t.csv", 1): "listed in a, line 1",
        ("t.csv", 4): "listed in b, line 1",
    }
    assert len(find_listed(images, years, entries, any_year=True)) == 4
    assert list(find_listed(images, None, entries).index) == [("t.csv", 4)]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("empty.txt", b"\n", "got an empty file"),
        ("binary.txt", b"\xff\xfe\x00", "UTF-8"),
        ("columns.csv", b"a,b\n1,2\n", "column of image ids or paths"),
        ("holes.csv", b"isic_id,year\nISIC_0000001,2016\n,2016\n", "got none in line 3"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path, name, content, match):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=match):
        read_list(path)


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(TableError, match="--duplicates: expected a file"):
        read_list(tmp_path / "none.txt")
