import numpy as np
import pandas as pd

from automl_skin.data.photograph_fields import find_photograph_fields, fold_names, split_fields, split_names

KINDS = ("close-up", "dermoscopic")


def rows_of(n_cases, **columns):
    """Two photographs of each case, and columns that are given per photograph."""
    case = pd.Series(np.repeat([f"c{number}" for number in range(n_cases)], 2), dtype="str")
    kind = pd.Series(list(KINDS) * n_cases, dtype="str")
    return pd.DataFrame(columns), case, kind


def test_what_differs_between_photographs_is_of_the_photograph():
    table, case, kind = rows_of(50, scale=np.arange(100.0), sex=np.repeat(["m", "f"], 50))
    assert find_photograph_fields(table, case, kind) == {"scale": KINDS}


def test_one_slip_and_an_age_are_of_the_case_however_often_they_differ():
    slip = np.repeat(["back", "face"], 50)
    slip[0] = "hand"
    table, case, kind = rows_of(50, site=slip, age_approx=np.arange(100.0))
    assert find_photograph_fields(table, case, kind) == {}
    two = slip.copy()
    two[2] = "hand"
    assert find_photograph_fields(table.assign(site=two), case, kind) == {"site": KINDS}


def test_rows_of_one_kind_that_differ_say_nothing_of_photographs():
    table, case, _ = rows_of(10, scale=np.arange(20.0))
    kind = pd.Series(["close-up"] * 18 + ["dermoscopic"] * 2, dtype="str")
    assert find_photograph_fields(table, case, kind) == {}
    assert find_photograph_fields(table, case, pd.Series(["image"] * 20, dtype="str")) == {}


def test_scores_of_a_concept_model_are_of_the_photograph_by_their_name():
    table, case, kind = rows_of(1, MONET_hair=[0.1, 0.1], age=[40, 40])
    assert find_photograph_fields(table, case, kind) == {"MONET_hair": KINDS}


def test_each_kind_has_its_own_value_and_no_other():
    table, _, kind = rows_of(2, hair=[0.1, 0.2, 0.3, 0.4], age=[40, 40, 50, 50])
    split = split_fields(table, kind, {"hair": KINDS})
    assert list(split) == ["hair@close-up", "hair@dermoscopic", "age"]
    assert split["hair@close-up"].dropna().tolist() == [0.1, 0.3]
    assert split["hair@dermoscopic"].dropna().tolist() == [0.2, 0.4]
    assert split_names({"age": 1, "hair": 2}, {"hair": KINDS}) == {
        "age": 1,
        "hair@close-up": 2,
        "hair@dermoscopic": 2,
    }


def test_a_column_of_that_name_is_not_split():
    names = ["hair@dermoscopic", "age"]
    assert fold_names(names, ["hair", "hair@dermoscopic", "age"]) == {}
    assert fold_names(names, ["hair", "age"]) == {"hair": ("dermoscopic",)}
    assert fold_names(names, ["age"]) == {}
