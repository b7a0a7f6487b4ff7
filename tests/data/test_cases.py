import pandas as pd
import pytest

from automl_skin.data.cases import join_rows
from automl_skin.data.roles import Roles
from automl_skin.errors import TableError

ROLES = Roles(image="image", case="case", lesion="lesion", groups=("family",), ignored=("note",))
ROWS = pd.DataFrame(
    {
        "case": ["b", "a", "b"],
        "image": ["1", "2", "3"],
        "lesion": [None, "m", "l"],
        "family": [1.0, 2.0, 1.0],
        "note": ["x", "y", "z"],
    }
)


def test_rows_of_a_case_become_one():
    metadata = pd.DataFrame({"site": [None, "face", "back"]}, dtype="str")
    tables, remarks = join_rows(ROWS, ROWS["case"], ROLES, metadata)
    assert tables.cases.index.tolist() == ["b", "a"]
    assert tables.cases["lesion"].tolist() == ["l", "m"]
    assert tables.cases["group_family"].tolist() == ["1", "2"]
    assert tables.metadata["site"].tolist() == ["back", "face"]
    assert tables.others["note"].tolist() == ["x", "y"]
    assert remarks == ()


def test_one_row_a_case_is_kept_as_it_is():
    rows = ROWS.iloc[:2]
    tables, _ = join_rows(rows, rows["case"], ROLES, rows[[]])
    assert tables.cases["lesion"].isna().tolist() == [True, False]
    assert tables.metadata.index.tolist() == ["b", "a"]


def test_no_metadata_at_all():
    tables, _ = join_rows(ROWS, ROWS["case"], ROLES, ROWS[[]])
    assert tables.metadata.shape == (2, 0)


def test_differing_ids_are_refused_and_differing_metadata_said():
    with pytest.raises(TableError, match="one lesion per case, got several in 1 cases: 'b' has 'k', 'l'"):
        join_rows(ROWS.assign(lesion=["k", "m", "l"]), ROWS["case"], ROLES, ROWS[[]])
    _, remarks = join_rows(ROWS, ROWS["case"], ROLES, pd.DataFrame({"age": [1.0, 2.0, 3.0]}))
    assert remarks[0].column == "age"
