import numpy as np
import pandas as pd
import pytest

from automl_skin.errors import InputError
from automl_skin.metrics.inputs import check_predictions, check_scores, group_codes, require_two_classes

HALVES = np.full((3, 2), 0.5)


def test_predictions_pass_through():
    labels, probabilities = check_predictions([0, 1, 1], HALVES.tolist())
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(probabilities, HALVES)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], HALVES, "expected labels of shape"),
        ([0, 1, 1], HALVES[:, :1], "expected labels of shape"),
        ([0, 1, 1], HALVES[:, 0], "expected labels of shape"),
        ([0, 1, 2], HALVES, r"expected 0\.\.1"),
        ([0, 1, -1], HALVES, r"expected 0\.\.1"),
        ([0.0, 1.0, 1.0], HALVES, "expected integers"),
        (
            [0, 1, 1],
            np.where([[0], [1], [1]], np.nan, HALVES),
            "2 of 3 rows, first at position 1",
        ),
    ],
)
def test_bad_predictions_are_named(labels, probabilities, message):
    with pytest.raises(InputError, match=message):
        check_predictions(labels, probabilities)


def test_scores_must_be_one_number_a_case():
    with pytest.raises(InputError, match="one number per case"):
        check_scores([0, 1, 1], HALVES)


def test_one_class_cannot_be_ranked():
    with pytest.raises(InputError, match=r"got 3 cases of class\(es\) \[1\]"):
        require_two_classes(np.array([1, 1, 1]))


def test_groups_are_numbered():
    np.testing.assert_array_equal(group_codes(["b", "a", "b"], 3), [1, 0, 1])


@pytest.mark.parametrize(
    "groups",
    [
        np.array(["a", None, "b"], dtype=object),
        np.array(["a", np.nan, "b"], dtype=object),
        np.array(["a", pd.NA, "b"], dtype=object),
        np.array([1.0, np.nan, 2.0]),
    ],
)
def test_a_missing_group_is_refused(groups):
    with pytest.raises(InputError, match="1 cases without one, first at position 1"):
        group_codes(groups, 3)


def test_groups_of_wrong_length_or_number_are_refused():
    with pytest.raises(InputError, match="groups: expected shape"):
        group_codes(["a", "b"], 3)
    with pytest.raises(InputError, match="at least two groups"):
        group_codes(["a", "a", "a"], 3)
