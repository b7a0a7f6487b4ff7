import numpy as np
import pandas as pd
import pytest

from automl_skin.data.metadata import choose_metadata, clean_metadata, kind_of, means_age
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
    with pytest.raises(TableError, match="is the lesion column already"):
        choose_metadata(table, ROLES, ("lesion",))
    with pytest.raises(TableError, match="'height' must be a column"):
        choose_metadata(table, ROLES, ("height",))
    with pytest.raises(TableError, match="'height' must be a column"):
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


@pytest.mark.parametrize("column", ["age", "age_approx", "Patient Age", "AgeX"])
def test_names_that_mean_an_age(column):
    assert means_age(column) == (column != "AgeX")
    assert not means_age("image_manage")


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
