import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.heads.design import Design
from automl_skin.heads.training import training_targets

DESIGN = Design(np.zeros((4, 2), np.float32), image_columns=0)
LABELS = np.array([0, 2, 2, 3])


def test_classes_are_numbered_without_gaps():
    targets = training_targets(DESIGN, LABELS, 5, None)
    assert targets.codes.tolist() == [0, 1, 1, 2]
    assert targets.classes.tolist() == [0, 2, 3]
    assert targets.weights.tolist() == [1, 1, 1, 1]


def test_weights_are_brought_to_mean_one():
    assert training_targets(DESIGN, LABELS, 5, np.array([2.0, 2, 4, 0])).weights.tolist() == [1, 1, 2, 0]


@pytest.mark.parametrize(
    ("labels", "weights", "message"),
    [
        (LABELS[:3], None, "one label per case"),
        (np.array([0, 1, 2, 5]), None, r"labels: expected 0 to 4, got 0 to 5"),
        (np.array([-1, 1, 2, 3]), None, r"labels: expected 0 to 4, got -1 to 3"),
        (np.array([1, 1, 1, 1]), None, r"at least two classes, got 4 cases of class \[1\] alone"),
        (LABELS, np.ones(3), "one weight per case"),
        (LABELS, np.array([1.0, -1, 1, 1]), "none negative"),
        (LABELS, np.array([1.0, np.nan, 1, 1]), "expected finite numbers"),
        (LABELS, np.zeros(4), "not all 0"),
    ],
)
def test_what_cannot_be_trained_on_is_named(labels, weights, message):
    with pytest.raises(InputError, match=message):
        training_targets(DESIGN, labels, 5, weights)
