import numpy as np
import pandas as pd
import pytest

from automl_skin.data.plan_checks import (
    check_folds,
    check_strata,
    expected_interval_width,
    note_large_group,
    note_rare_locked,
    require_classes_in_folds,
)
from automl_skin.errors import ConfigError, TableError


def table(parts, folds, groups=None):
    index = pd.Index([f"c{i}" for i in range(len(parts))])
    return pd.DataFrame({"group": groups or list(index), "part": parts, "fold": folds}, index=index)


@pytest.mark.parametrize(
    ("folds", "share", "said"), [(1, 0.2, "at least 2 folds"), (5, 0.6, "from 0 to 0.5")]
)
def test_numbers_out_of_range(folds, share, said):
    with pytest.raises(ConfigError, match=said):
        check_folds(folds, share)


def test_cases_without_a_class_and_duplicate_cases_are_named():
    groups = pd.Series(["g", "h"], index=["a", "b"])
    with pytest.raises(TableError, match="got none for 1: b"):
        check_strata(pd.Series(["x"], index=["a"]), groups)
    with pytest.raises(TableError, match="each case id once, got a more than once"):
        check_strata(pd.Series(["x", "y"], index=["a", "b"]), pd.Series(["g", "h"], index=["a", "a"]))


def test_one_class_is_refused():
    with pytest.raises(TableError, match="two classes, got x"):
        check_strata(pd.Series(["x", "x"], index=["a", "b"]), pd.Series(["g", "h"], index=["a", "b"]))


def test_a_fold_without_a_class_is_refused():
    frame = table(["development"] * 4, [0, 0, 1, 1])
    classes = pd.Series(["x", "y", "x", "x"], index=frame.index)
    with pytest.raises(TableError, match="fold 1: expected cases of every class, got none of class y"):
        require_classes_in_folds(frame, classes)


def test_a_group_larger_than_a_fold_is_noted():
    frame = table(["development"] * 6, [0, 0, 0, 0, 1, 1], ["g"] * 4 + ["h", "i"])
    assert "the group of g has 4 of 6" in note_large_group(frame)[0]


def test_few_cases_in_the_locked_part_are_noted_with_a_width():
    frame = table(["development"] * 4 + ["locked"] * 6, [0, 0, 1, 1] + [-1] * 6)
    classes = pd.Series(["x", "y", "x", "y"] + ["x"] * 5 + ["y"], index=frame.index)
    notes = note_rare_locked(frame, classes)
    assert [note.partition(": the interval")[0] for note in notes] == [
        "the locked part has only 1 groups (1 cases) of class y"
    ]
    assert note_large_group(frame) == []
    require_classes_in_folds(frame, classes)
    with pytest.raises(TableError, match="the locked part: expected at least two classes"):
        note_rare_locked(frame, classes.mask(frame["part"] == "locked", "x"))


def test_the_expected_width_is_that_of_simulated_aucs_or_somewhat_more():
    rng = np.random.default_rng(0)
    distance = 1.4657  # two normal distributions with an AUC of 0.85
    positive, negative = rng.normal(distance, size=(2000, 40, 1)), rng.normal(size=(2000, 1, 200))
    width = 2 * 1.96 * (positive > negative).mean(axis=(1, 2)).std()
    assert width < expected_interval_width(40, 200) < 1.25 * width


def test_two_classes_have_one_auc_with_one_width_that_of_the_rarer_class():
    """Seen to fail when the negatives' note named a width as if there were as many positives."""
    classes = pd.Series(["negative"] * 27 + ["positive"] * 3)
    frame = pd.DataFrame({"part": "locked", "group": [f"g{i}" for i in range(30)]})
    (note,) = note_rare_locked(frame, classes)
    assert note.startswith("the locked part has only 3 groups (3 cases) of class positive")
    assert note.endswith(f"about {expected_interval_width(3, 27):.2f} wide")
    several = classes.where(frame.index > 0, "other")
    assert len(note_rare_locked(frame, several)) == 3
