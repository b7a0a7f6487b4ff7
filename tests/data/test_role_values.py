import pandas as pd
import pytest

from automl_skin.data.role_values import why_not

ROWS = 60


@pytest.mark.parametrize(
    ("role", "name", "values", "word"),
    [
        ("case", "case_id", ["a", None], "it is empty in row 2"),
        ("case", "case_id", [None, None], "it is empty"),
        ("case", "case", [0, 1] * 30, "it holds '0', '1' only"),
        ("case", "case", list("abc") * 20, "it has 3 different values only in 60 rows"),
        ("case", "case", [f"seen by doctor number {row} today" for row in range(ROWS)], "it holds sentences"),
        ("patient", "patient", ["in", "out"] * 30, "it has 2 different values only"),
        ("patient", "patient_id", [None] * ROWS, "it is empty"),
        ("lesion", "lesion", [f"kind {letter}" for letter in "abcdefghij"] * 6, "are words"),
        ("source", "source", [f"s{row}" for row in range(ROWS)], "too many for sources"),
        ("image_role", "view", [f"s{row}" for row in range(ROWS)], "too many for kinds of photograph"),
    ],
)
def test_values_that_no_column_of_a_role_has(role, name, values, word):
    assert word in why_not(role, pd.Series(values, name=name))


@pytest.mark.parametrize(
    ("role", "name", "values"),
    [
        ("case", "case", [row // 2 for row in range(ROWS)]),
        ("patient", "patient_id", [row % 5 for row in range(ROWS)]),
        ("patient", "patient", [None if row % 2 else f"p{row // 4}" for row in range(ROWS)]),
        ("patient", "patient", ["Anna", "Berta"]),
        ("lesion", "lesion", [f"{row // 3}.{row % 3}" for row in range(ROWS)]),
        ("source", "hospital", ["a", "b", "c"] * 20),
        ("source", "hospital", ["a"]),
        ("image_role", "view", ["dermoscopic", "clinical"] * 30),
    ],
)
def test_values_that_a_role_may_have(role, name, values):
    assert why_not(role, pd.Series(values, name=name)) is None
