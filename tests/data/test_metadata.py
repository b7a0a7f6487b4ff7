import numpy as np
import pandas as pd
import pytest

from automl_skin.data.metadata import choose_metadata, clean_metadata, kind_of
from automl_skin.data.roles import Roles
from automl_skin.errors import TableError

N = 300
ROLES = Roles(image="image", target="y", lesion="lesion", groups=("family",))


@pytest.fixture
def table():
    rows = np.arange(N)
    text = "abcdef"
    return pd.DataFrame(
        {
            "image": [f"i{row}" for row in rows],
            "y": rows % 2,
            "lesion": [f"l{row}" for row in rows],
            "family": rows % 50,
            "age": rows % 90,
            "size": rows / 7,
            "grade": rows % 4,
            "site": [text[row % 6] for row in rows],
            "code": rows * 3,
            "name": [f"n{row // 2}" for row in rows],
            "remark": [f"seen by doctor on day {row % 30} again" for row in rows],
            "empty": np.nan,
            "constant": "x",
            "dx_type": [text[row % 2] for row in rows],
        }
    )


def test_what_varies_and_is_no_id_is_metadata(table):
    choice = choose_metadata(table, ROLES)
    assert choice.kinds == {"age": "number", "size": "number", "grade": "category", "site": "category"}
    words = {"code": "like an id", "name": "like an id", "remark": "free text", "empty": "empty"}
    for column, word in (words | {"constant": "the same", "dx_type": "diagnosis"}).items():
        assert word in choice.reasons[column]


def test_what_the_user_names_or_ignores(table):
    assert choose_metadata(table, ROLES, ("dx_type", "age")).kinds == {"dx_type": "category", "age": "number"}
    assert "age" not in choose_metadata(table, ROLES, ignore=("age",)).kinds
    with pytest.raises(TableError, match="expected a column without another role, got the lesion column"):
        choose_metadata(table, ROLES, ("lesion",))
    with pytest.raises(TableError, match="'height': expected a column"):
        choose_metadata(table, ROLES, ("height",))
    with pytest.raises(TableError, match="'height': expected a column"):
        choose_metadata(table, ROLES, ignore=("height",))


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("age", [40, 50], "number"),
        ("x", [1, 2, 3], "category"),
        ("x", list(range(11)), "number"),
        ("x", [1.5, 2.0], "number"),
        ("x", ["85+", *map(str, range(30))], "number"),
        ("x", ["a", "b"], "category"),
        ("x", [None, None], "category"),
    ],
)
def test_kinds(name, values, kind):
    assert kind_of(pd.Series(values, name=name)) == kind


def test_impossible_numbers_become_missing():
    table = pd.DataFrame({"age": [np.nan, 1e9, -1.0, 121.0, 0.0], "size": [np.inf, 1e8, -3.0, 200.0, 1.0]})
    cleaned, remarks = clean_metadata(table, {"age": "number", "size": "number"})
    assert cleaned["age"].isna().tolist() == [True, True, True, True, False]
    assert cleaned["size"].isna().tolist() == [True, True, False, False, False]
    assert [remark.column for remark in remarks] == ["age", "size"]
    assert "3 impossible values" in remarks[0].text
    assert "rows 2, 3, 4" in remarks[0].text


def test_an_absent_column_is_missing_and_said():
    cleaned, remarks = clean_metadata(pd.DataFrame({"x": [1, 2]}), {"sex": "category", "age": "number"})
    assert cleaned.isna().all(axis=None)
    assert [remark.column for remark in remarks] == ["sex", "age"]
    assert cleaned["sex"].dtype == "str"


def test_words_among_numbers_are_said():
    cleaned, remarks = clean_metadata(pd.DataFrame({"age": ["50", "old"]}), {"age": "number"})
    assert cleaned["age"].tolist()[0] == 50
    assert "old" in remarks[0].text


def test_words_and_numbers_that_stand_for_missing_are_said_and_taken_away():
    table = pd.DataFrame(
        {
            "size": ["4.5", "3", "-999", "n.a.", "12"] * 4,
            "type": ["1", "2", "6", "-1", "not recorded"] * 4,
            "sex": ["m", "f", "999", "--", "f"] * 4,
            "age": ["50", "60", "999", "unbekannt", "70"] * 4,
        }
    )
    choice = choose_metadata(table, ROLES)
    assert choice.codes == {"size": (-999.0,), "type": (-1.0,), "sex": (999.0,), "age": (999.0,)}
    assert choice.kinds == {"size": "number", "type": "category", "sex": "category", "age": "number"}
    cleaned, remarks = clean_metadata(table, choice.kinds, choice.codes)
    assert cleaned.isna().sum().to_dict() == {"size": 8, "type": 8, "sex": 8, "age": 8}
    assert [remark.column for remark in remarks] == list(table)
    assert remarks[0].text.startswith("taken as missing: 'n.a.' in 4 rows, '-999' in 4 rows; if one of these")
    one, _ = clean_metadata(table.iloc[[2]], choice.kinds, choice.codes)
    assert one.isna().iloc[0].tolist() == [True, False, True, True]


def test_codes_are_kept_for_the_metadata_that_the_user_names():
    table = pd.DataFrame({"image": ["a", "b", "c"], "size": [1.0, 7.0, -9.0]})
    assert choose_metadata(table, Roles(image="image"), ("size",)).codes == {"size": (-9.0,)}


def test_numbers_of_patients_are_no_metadata_and_are_named():
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(20), 3)
    table = pd.DataFrame({"image": [f"i{row}" for row in range(60)], "y": np.arange(60) % 2})
    table["Fall-Nr"] = (who + 7).astype("str")
    table["sex"] = rng.choice(["m", "f"], 20)[who]
    choice = choose_metadata(table, Roles(image="image", target="y"))
    assert list(choice.kinds) == ["sex"]
    assert [remark.column for remark in choice.remarks] == ["Fall-Nr"]
    assert "with --patient-column or --lesion-column or --group" in choice.remarks[0].text
    known = choose_metadata(table.assign(p=who), Roles(image="image", target="y", patient="p"))
    assert "with --lesion-column or --group" in known.remarks[0].text


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2020-01-01", periods=N),
        [f"{day % 28 + 1:02d}.03.2020" for day in range(N)],
        [f"2020{month % 12 + 1:02d}01" for month in range(N)],
    ],
)
def test_dates_are_ignored_and_said(table, values):
    choice = choose_metadata(table.assign(visit=values), ROLES)
    assert "dates or times" in choice.reasons["visit"]


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (["YES", None], "if an empty cell means no"),
        (["+", "-"], "if '-' or an empty cell means no, write no instead"),
    ],
)
def test_a_box_that_is_ticked_or_empty_gets_a_hint(table, values, hint):
    reason = choose_metadata(table.assign(itch=values * (N // 2)), ROLES).reasons["itch"]
    assert hint in reason
    constant = choose_metadata(table, ROLES).reasons["constant"]
    assert constant == "the same in all rows that have it ('x')"
