import pandas as pd
import pytest

from automl_skin.data.given_split import parse_split
from automl_skin.errors import ConfigError, TableError

CASES = pd.Index([f"c{i}" for i in range(4)])


def parse(*values):
    return parse_split(pd.Series(list(values), index=CASES), CASES)


def test_words_in_any_case_become_parts():
    given = parse("Train", "VAL ", "validation", "holdout")
    assert list(given.parts) == ["development", "development", "development", "locked"]
    assert given.folds is None
    assert "train and val and validation" in given.notes[0]


@pytest.mark.parametrize("values", [(0, 1, 1, 0), (0.0, 1.0, 1.0, 0.0), ("0", "1.0", "1", "0")])
def test_fold_numbers(values):
    given = parse(*values)
    assert list(given.folds) == [0, 1, 1, 0]
    assert "no locked test set" in given.notes[0]


def test_fold_numbers_beside_a_test_set_are_counted_from_zero():
    given = parse("3", "1", "test", "3")
    assert list(given.folds) == [1, 0, -1, 1]
    assert list(given.parts) == ["development", "development", "locked", "development"]
    assert given.notes == ("the given folds 1, 3 are called 0 to 1",)
    assert given.sides.nunique() == 3


def test_a_case_without_a_value_is_named():
    with pytest.raises(TableError, match="got none for 2 of 4: c1, c3"):
        parse("train", None, "test", " ")


def test_a_case_that_is_not_in_the_split_is_named():
    with pytest.raises(TableError, match="got none for 1 of 4: c3"):
        parse_split(pd.Series(["train", "test", "train"], index=CASES[:3]), CASES)


def test_a_case_given_twice_is_named():
    with pytest.raises(TableError, match="got c0 more than once"):
        parse_split(pd.Series(["train", "test"], index=["c0", "c0"]), CASES)


@pytest.mark.parametrize(
    "values", [("train", "tset", "test", "test"), ("train", "1", "2", "test"), (-1, 0, 1, 1)]
)
def test_values_that_are_not_understood_are_named(values):
    with pytest.raises(ConfigError, match=f"got .*{values[0]}"):
        parse(*values)


def test_a_split_needs_a_locked_part():
    with pytest.raises(ConfigError, match=r"got only train, val; call the part .* 'test'"):
        parse("train", "val", "train", "val")


def test_one_fold_is_none():
    with pytest.raises(ConfigError, match="at least two fold numbers, got only 1"):
        parse("1", "1", "1", "test")
