import numpy as np
import pandas as pd
import pytest

from automl_skin.data.target import choose_target
from automl_skin.errors import TableError

DX = pd.Series(["nv", "mel", "bcc", "nv", "unknown"], dtype="str")


def test_several_classes_are_sorted():
    target = choose_target("dx", DX)
    assert target.classes == ("bcc", "mel", "nv")
    assert not target.is_binary
    np.testing.assert_array_equal(target.labels(DX), [2, 1, 0, 2, -1])
    with pytest.raises(TableError, match="also holds df"):
        target.labels(pd.Series(["df"]))


def test_positive_values_make_it_binary():
    target = choose_target("dx", DX, ("mel", "bcc"))
    assert target.is_binary
    assert target.classes == ("nv", "positive")
    assert target.levels == ("bcc", "mel", "nv")
    np.testing.assert_array_equal(target.labels(DX), [0, 1, 1, 0, -1])


@pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], ["1", "0"], ["1.0", "0"]])
@pytest.mark.parametrize("positive", ["1", "1.0"])
def test_numbers_match_however_they_are_written(values, positive):
    target = choose_target("y", pd.Series(values), (positive,))
    np.testing.assert_array_equal(target.labels(pd.Series(values)), [1, 0])
    assert target.classes == ("0", "1")


@pytest.mark.parametrize(
    ("levels", "positive"),
    [
        (["benign", "malignant"], "malignant"),
        (["melanoma", "nevus"], "melanoma"),
        (["cutaneous", "benign"], "cutaneous"),
        (["2", "10"], "10"),
        (["x", "y"], "y"),
    ],
)
def test_of_two_values_one_is_positive(levels, positive):
    target = choose_target("y", pd.Series(levels))
    assert target.positive == (positive,)
    assert target.classes[1] == positive
    assert positive in target.note


def test_a_positive_value_that_is_not_there():
    with pytest.raises(TableError, match=r"holds nv \(2\), mel \(1\), bcc \(1\); did you mean 'mel'"):
        choose_target("dx", DX, ("MEL",))
    with pytest.raises(TableError, match="choose among these"):
        choose_target("dx", DX, ("zebra",))


def test_one_class_is_not_enough():
    with pytest.raises(TableError, match=r"holds nv \(2\)"):
        choose_target("dx", pd.Series(["nv", "nv", None]))
    with pytest.raises(TableError, match="leave a negative value"):
        choose_target("dx", DX, ("mel", "bcc", "nv"))
