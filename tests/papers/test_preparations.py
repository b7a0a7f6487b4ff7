import pandas as pd
import pytest

from automl_skin.errors import ConfigError, TableError
from automl_skin.papers.preparations import chosen_cases


def make_table(n_rows=60):
    return pd.DataFrame(
        {
            "dx": [["nv", "nv", "nv", "mel", "bcc", "df"][row % 6] for row in range(n_rows)],
            "dx_type": ["histo" if row % 2 else "follow_up" for row in range(n_rows)],
            "sex": ["male" if row % 5 else None for row in range(n_rows)],
        },
        index=range(100, 100 + n_rows),
    )


def test_both_sides_have_as_many_rows_in_the_order_of_the_table():
    chosen = chosen_cases(make_table(), {"target": "dx", "balance": ["mel", "bcc"], "cases": 12})
    assert chosen["dx"].isin(["mel", "bcc"]).sum() == 12
    assert len(chosen) == 24
    assert chosen.index.is_monotonic_increasing
    assert len(chosen_cases(make_table(), {"target": "dx", "balance": ["mel", "bcc"]})) == 40


def test_every_class_may_be_a_side():
    chosen = chosen_cases(make_table(), {"target": "dx", "balance": "classes"})
    assert set(chosen["dx"].value_counts()) == {10}


def test_the_draw_repeats_with_its_seed_and_not_with_another():
    options = {"target": "dx", "balance": ["mel"], "cases": 5}
    first, again = (chosen_cases(make_table(), options) for _ in range(2))
    assert first.equals(again)
    assert not first.equals(chosen_cases(make_table(), {**options, "seed": 1}))


def test_rows_are_left_out_and_classes_named():
    classes = {"benign": ["nv", "df"], "melanoma": ["mel"]}
    options = {"target": "dx", "only": {"dx_type": ["histo"]}, "known": ["sex"], "classes": classes}
    chosen = chosen_cases(make_table(), options)
    assert set(chosen["dx"]) == {"benign", "melanoma"}
    assert set(chosen["dx_type"]) == {"histo"}
    assert chosen["sex"].notna().all()
    assert set(make_table().loc[chosen.index, "dx"]) == {"nv", "df", "mel"}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "diagnosis"}, TableError, "expected a column 'diagnosis', got dx, dx_type, sex"),
        ({"target": "dx", "known": ["age"]}, TableError, "expected a column 'age'"),
        (
            {"target": "dx", "balance": ["mel"], "cases": 11},
            TableError,
            r"expected 11 rows, got .*True: 10",
        ),
        ({"target": "dx", "balance": ["akiec"]}, TableError, "got False: 60"),
        ({"target": "dx", "only": {"dx": ["akiec"]}}, TableError, "no row is left"),
        ({"target": "dx", "balanced": ["mel"]}, ConfigError, "expected options of target, .*got 'balanced'"),
    ],
)
def test_what_cannot_be_done_is_named(options, error, message):
    with pytest.raises(error, match=message):
        chosen_cases(make_table(), options)
