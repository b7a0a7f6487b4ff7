import time

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


GERMAN = ("Melanom", "Basaliom", "Naevus", "Keratose")


def german(n=N, seed=0):
    """Return four classes with an honest sex, and two boxes of which one is rare."""
    rng = np.random.default_rng(seed)
    found = truth(GERMAN, rng.permutation(np.arange(n) % 4))
    male = rng.integers(0, 2, n)
    return found.assign(
        male=male, female=1 - male, smokes=rng.integers(0, 2, n), rare=(np.arange(n) % 40 == 7) * 1
    )


@pytest.mark.parametrize(
    ("rows", "cells"),
    [
        ([4], {}),
        ([4, 9, 30, 31, 70, 100], {}),
        ([4], {"Melanom": 1, "Basaliom": 1}),
        ([4], {"Naevus": 1, "Keratose": 1}),
        ([4], dict.fromkeys(GERMAN, 1)),
    ],
)
@pytest.mark.parametrize("target", ["Melanom", "dx"])
def test_a_few_rows_without_a_single_tick_do_not_hide_the_set(rows, cells, target):
    table = german()
    table["dx"] = table[list(GERMAN)].idxmax(axis=1)
    table.loc[rows, list(GERMAN)] = [float(cells.get(name, 0)) for name in GERMAN]
    (found,) = find_truth_sets(table, target)
    assert found.columns == GERMAN
    assert "except in row" in found.reason
    assert f" {rows[0] + 1}" in found.reason


def test_rows_with_two_findings_beside_the_target():
    table = german()
    table.loc[table.index[table["Naevus"] == 1][:3], "Keratose"] = 1.0
    assert columns_of(table, "Melanom") == [GERMAN]


def test_classes_of_one_row_and_a_perfect_set_beside_one_with_exceptions():
    table = german(200)
    table.loc[[8, 9], list(GERMAN)] = 0.0
    table = table.assign(wart=(table.index == 8) * 1, other=1 - table["Melanom"])
    assert columns_of(table, "Melanom") == [("Melanom", "other"), (*GERMAN, "wart")]


def test_too_many_rows_without_a_tick_are_no_set():
    table = german()
    table.loc[:11, list(GERMAN)] = 0.0
    assert columns_of(table, "Melanom") == []


def test_two_classes_with_exceptions_need_a_longer_table():
    for n, expected in ((60, []), (200, [("Melanom", "Naevus")])):
        table = truth(("Melanom", "Naevus"), np.arange(n) % 2)
        table.loc[3, ["Melanom", "Naevus"]] = 0.0
        assert columns_of(table, "Melanom") == expected


@pytest.mark.parametrize("n", [19, 20, 30, 60, 120, 1000])
@pytest.mark.parametrize("rate", [0.015, 0.05, 0.3])
def test_honest_ticks_are_no_set(n, rate):
    """One table each: `tests/data/test_covers.py` draws many."""
    rng = np.random.default_rng(n)
    melanoma = rng.random(n) < rate
    melanoma[:2] = True, False
    male, site = rng.integers(0, 2, n), rng.integers(0, 5, n)
    table = truth([f"site {place}" for place in range(5)], site).assign(
        male=male, female=1 - male, consent=(rng.random(n) < 0.97) * 1, y=melanoma * 1
    )
    table = table.assign(**{f"rare {place}": (rng.random(n) < 0.05) * 1 for place in range(10)})
    assert not [each for each in find_truth_sets(table, "y") if "except" in each.reason]
    assert not [each for each in find_truth_sets(table, "male") if "site 0" in each.columns]


@pytest.mark.parametrize("n", [20, 60, 200, 1000, 5000])
def test_a_strong_sign_is_no_set_with_exceptions(n):
    """What nearly perfect signs do by chance: a perfect cover of 20 rows is found far more often."""
    rng, believed = np.random.default_rng(n), 0
    for _ in range(20):
        melanoma = rng.random(n) < 0.05
        melanoma[:2] = True, False
        grows, slowly = rng.random(n) < np.where(melanoma, 0.6, 0.03), rng.random(n) < 0.3
        signs = {"fast": grows, "slow": ~grows & slowly, "none": ~grows & ~slowly, "same": ~grows}
        found = find_truth_sets((pd.DataFrame(signs) * 1).assign(y=melanoma * 1), "y")
        believed += any("except" in each.reason for each in found)
    assert believed <= (1 if n < 1000 else 0)


def test_many_columns_of_a_rare_target_take_seconds():
    rng = np.random.default_rng(1)
    many = pd.DataFrame((rng.random((10_000, 73)) < rng.random(73)).astype(int)).rename(columns=str)
    started = time.perf_counter()
    assert find_truth_sets(many.assign(y=(rng.random(10_000) < 0.01) * 1), "y") == ()
    assert time.perf_counter() - started < 10
