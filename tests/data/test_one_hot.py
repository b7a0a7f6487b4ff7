import numpy as np
import pandas as pd
import pytest

from automl_skin.data.one_hot import (
    ISIC_2018,
    ISIC_2019,
    ISIC_2025,
    collapse_one_hot,
    find_truth_sets,
    one_hot_columns,
)
from automl_skin.errors import TableError

RNG = np.random.default_rng(0)
N = 120


def truth(names, positions, n=None):
    """Return one column per name, 1 in the row's position."""
    positions = np.asarray(positions)
    return pd.DataFrame({name: (positions == place).astype(float) for place, name in enumerate(names)})


@pytest.fixture
def table():
    positions = RNG.permutation(np.arange(N) % 11)
    sex = RNG.integers(0, 2, N)
    found = truth(ISIC_2025, positions).assign(male=sex, female=1 - sex, smokes=RNG.integers(0, 2, N))
    return found.assign(age=RNG.normal(50, 9, N), dx=[ISIC_2025[place] for place in positions])


def columns_of(table, target):
    return [each.columns for each in find_truth_sets(table, target)]


@pytest.mark.parametrize("names", [ISIC_2018, ISIC_2019, ISIC_2025])
def test_published_truth_becomes_one_column(names):
    given = truth(names, [2, 0, 1])
    table, remarks = collapse_one_hot(given, "diagnosis")
    assert table["diagnosis"].tolist() == [names[2], names[0], names[1]]
    assert remarks[0].column == "diagnosis"
    assert one_hot_columns(given.rename(columns=str.lower)) == tuple(name.lower() for name in names)
    assert collapse_one_hot(table, "diagnosis")[1] == ()
    assert collapse_one_hot(given, None)[0] is given


def test_ticks_may_be_words():
    given = truth(ISIC_2018, [6, 3, 0])
    expected = ["VASC", "AKIEC", "MEL"]
    for change in (lambda t: t.astype(bool), lambda t: t.replace({0.0: "no", 1.0: "yes"})):
        assert collapse_one_hot(change(given), "diagnosis")[0]["diagnosis"].tolist() == expected


@pytest.mark.parametrize("target", ["diagnosis", "MEL"])
@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"BCC": 1.0}, "got several in row 2; correct these rows"),
        ({"NV": 0.0}, r"got none in row 2; .*such as UNK"),
        (
            {"NV": 0.7, "BCC": 0.3},
            r"got soft labels \(shares such as 0.7\) in row 2; decide on one diagnosis",
        ),
        ({"BCC": np.nan}, "got other values beside it in row 2"),
        ({"BCC": 2.0}, "got other values beside it in row 2"),
    ],
)
def test_rows_without_a_single_one(row, match, target):
    given = truth(ISIC_2019, [0, 1])
    for name, value in row.items():
        given.loc[1, name] = value
    with pytest.raises(TableError, match=match):
        collapse_one_hot(given, target)
    assert collapse_one_hot(given.assign(dx="a"), "dx")[1] == (), (
        "a target of its own needs no truth beside it"
    )


def test_another_column_may_complete_a_published_truth():
    given = truth([*ISIC_2018, "wart", "angioma"], [0, 1, 7, 8]).assign(smokes=[1, 0, 1, 1])
    table, remarks = collapse_one_hot(given, "diagnosis")
    assert table["diagnosis"].tolist() == ["MEL", "NV", "wart", "angioma"]
    assert "wart, angioma" in remarks[0].text


@pytest.mark.parametrize("target", ["dx", "BCC"])
@pytest.mark.parametrize(
    "written",
    [
        lambda ticks: ticks,
        lambda ticks: ticks.astype(bool),
        lambda ticks: ticks.map({0.0: "0.0", 1.0: "1.0"}),
        lambda ticks: ticks.map({0.0: "false", 1.0: "TRUE"}),
        lambda ticks: ticks.map({0.0: "nein", 1.0: "ja"}),
    ],
)
def test_the_set_is_found_by_its_values(table, target, written):
    named = {name: name if name == target else f"finding {place}" for place, name in enumerate(ISIC_2025)}
    renamed = table.assign(**{name: written(table[name]) for name in ISIC_2025}).rename(columns=named)
    (found,) = find_truth_sets(renamed, target)
    assert found.columns == tuple(named.values())
    assert "is 1 in each row" in found.reason


def test_boxes_that_are_ticked_or_empty(table):
    ticked = table.assign(**{name: table[name].map({0.0: None, 1.0: "1"}) for name in ISIC_2025})
    assert columns_of(ticked, "dx") == [ISIC_2025]


def test_a_target_that_joins_classes(table):
    malignant = np.where(table["dx"].isin(["MEL", "BCC"]), "malignant", "benign")
    assert columns_of(table.assign(y=malignant), "y") == [ISIC_2025]
    benign = tuple(name for name in ISIC_2025 if name not in {"MEL", "BCC"})
    as_number = table.assign(y=(malignant == "malignant").astype(int))
    assert columns_of(as_number, "y") == [(*benign, "y"), ISIC_2025]


def test_other_sets_stay_metadata(table):
    assert columns_of(table.drop(columns=list(ISIC_2025)), "dx") == []
    assert columns_of(table, "male") == [("male", "female")]
    lacking = table.drop(columns="BKL")
    assert columns_of(lacking, "dx") == [], "not each row has a 1: no set"


def test_several_sets_and_a_tick_that_fits_by_chance(table):
    rare = np.zeros(N, dtype=int)
    rare[np.flatnonzero(table["dx"] == "NV")[:2]] = 1
    more = table.assign(rare=rare, other=1 - table["BCC"])
    assert columns_of(more, "BCC") == [ISIC_2025, ("BCC", "other")]


def test_rows_without_a_diagnosis_do_not_count(table):
    table.loc[:4, "dx"] = None
    table.loc[:4, list(ISIC_2025)] = 0.0
    assert columns_of(table, "dx") == [ISIC_2025]
    assert columns_of(table.assign(dx=None), "dx") == columns_of(table, "nothing") == []
