import pandas as pd
import pytest

from automl_skin.data.join import digest_tables, join_tables, read_tables
from automl_skin.data.table import id_text, to_numbers
from automl_skin.errors import TableError

PHOTOGRAPHS = pd.DataFrame(
    {"image": ["1.10", "1.1", "x"], "lesion_id": ["L1", "L1", "L2"], "age": ["5", None, "7"]}
)
TRUTH = pd.DataFrame({"image": ["x", "1.1", "1.10", "z"], "MEL": ["0", "1", "0", "1"]})


def test_one_row_each_is_joined_by_the_shared_id_and_said():
    joined, note = join_tables(PHOTOGRAPHS, TRUTH, "metadata.csv", "truth.csv")
    assert joined["MEL"].tolist() == ["0", "1", "0"]
    assert joined["image"].tolist() == PHOTOGRAPHS["image"].tolist()
    assert "joined to metadata.csv by column 'image' and adds MEL" in note
    assert "1 of its 4 rows belong to no row of metadata.csv and are left out" in note


def test_photographs_of_a_lesion_share_its_row():
    lesions = pd.DataFrame({"lesion_id": ["L2", "L1"], "dx": ["nv", "mel"]})
    joined, _ = join_tables(PHOTOGRAPHS, lesions)
    assert joined["dx"].tolist() == ["mel", "mel", "nv"]
    with pytest.raises(TableError, match=r"'lesion_id' repeats 'L1'\. Give the table with one row per photo"):
        join_tables(lesions, PHOTOGRAPHS)


def test_an_id_is_one_id_in_either_unicode_form():
    first = pd.DataFrame({"image": ["Mu\u0308ller"]})
    joined, _ = join_tables(first, pd.DataFrame({"image": ["M\u00fcller"], "dx": ["nv"]}))
    assert joined["dx"].tolist() == ["nv"]


def test_the_second_fills_in_and_must_not_contradict():
    joined, _ = join_tables(PHOTOGRAPHS, TRUTH.assign(age=["7.0", "6", None, "1"]))
    assert joined["age"].tolist() == ["5", "6", "7"]
    with pytest.raises(
        TableError, match=r"'age': a\.csv and b\.csv contradict each other in row 3 \('7' and '8'\)"
    ):
        join_tables(PHOTOGRAPHS, TRUTH.assign(age=["8", "6", "5", "1"]), "a.csv", "b.csv")


def test_tables_that_cannot_be_joined():
    with pytest.raises(TableError, match="expected a column of ids that stands in both"):
        join_tables(PHOTOGRAPHS, TRUTH.rename(columns={"image": "name"}))
    with pytest.raises(TableError, match=r"got none for row 3 \('x'\)"):
        join_tables(PHOTOGRAPHS, TRUTH.iloc[1:])
    with pytest.raises(TableError, match="'image' has missing values"):
        join_tables(PHOTOGRAPHS, TRUTH.assign(image=["x", "1.1", "1.10", "NA"]))


@pytest.mark.parametrize(
    ("ids", "others", "match"),
    [
        (
            ["0001", "0002"],
            ["1", "2"],
            (
                r"got none for rows 1, 2 \('0001', '0002'\); 2 of 2 differ in leading zeros alone \('0001' in a\.csv, "
                r"'1' in b\.csv\), which spreadsheets remove: .* as text in b\.csv and write the zeros again$"
            ),
        ),
        (["1", "12"], ["0001", "0012"], r"2 of 2 .*\('1' in a\.csv, '0001' in b\.csv\).* as text in a\.csv "),
        (["0", "x"], ["000", "y"], r"1 of 2 differ .*; add the other 1, or leave these rows out$"),
        (["x01", "5"], ["x1", "50"], r"\('x01', '5'\); add them, or leave these rows out$"),
        (["01", None], ["1", "2"], r"1 of 2 differ"),
    ],
)
def test_lost_leading_zeros_are_said(ids, others, match):
    first, second = pd.DataFrame({"image": ids}), pd.DataFrame({"image": others, "dx": ["nv", "mel"]})
    with pytest.raises(TableError, match=match):
        join_tables(first, second, "a.csv", "b.csv")


def test_decimal_commas_of_one_table_are_none_of_the_other(tmp_path):
    (tmp_path / "a.csv").write_text("image;size\n1,10;5,5\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text('image,count\n"1,10","1,234"\n', encoding="utf-8")
    joined, notes = read_tables([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert id_text(joined["image"]).tolist() == ["1,10"]
    assert to_numbers(joined["size"]).tolist() == [5.5]
    assert to_numbers(joined["count"]).isna().all()
    assert len(notes) == 1


def test_the_digest_is_of_every_table(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    digests = {digest_tables([tmp_path / each for each in names]) for names in ("a", "b", "ab", "ba")}
    assert len(digests) == 4
