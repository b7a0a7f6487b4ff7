"""F1 at 0.5 and by the largest: as scikit-learn has it, of any number of called classes."""

import numpy as np
import pytest
import sklearn.metrics

from automl_skin.errors import InputError
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.f1 import binary_f1, call_at_half, call_largest, call_smoothly, class_f1, macro_f1


def draw(n_classes, n=120, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.append(np.arange(n_classes), rng.integers(0, n_classes, n))
    return labels, rng.dirichlet(np.ones(n_classes), len(labels)) * 0.6 + 0.4 * np.eye(n_classes)[labels]


def test_at_half_a_case_may_be_called_several_classes_or_none():
    labels, probabilities = (
        np.array([0, 1, 2, 0]),
        np.array([[0.6, 0.7, 0], [0, 0.5, 0.1], [0.4, 0, 0.4], [0.9, 0, 0]]),
    )
    called = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    expected = sklearn.metrics.f1_score(np.eye(3)[labels], called, average="macro", zero_division=0)
    assert macro_f1(labels, probabilities) == pytest.approx(expected)


@pytest.mark.parametrize("n_classes", [2, 3, 11])
def test_by_the_largest_it_is_scikit_learns(n_classes):
    labels, probabilities = draw(n_classes)
    decided = probabilities.argmax(axis=1)
    expected = sklearn.metrics.f1_score(labels, decided, average="macro")
    assert METRICS["macro_f1_largest"].function(labels, probabilities) == pytest.approx(expected)
    if n_classes == 2:
        assert macro_f1(labels, probabilities) == pytest.approx(expected)
        assert binary_f1(labels, probabilities) == pytest.approx(sklearn.metrics.f1_score(labels, decided))


def test_weighted_f1_weighs_classes_by_their_cases():
    labels, probabilities = draw(4)
    expected = sklearn.metrics.f1_score(
        np.eye(4)[labels], probabilities >= 0.5, average="weighted", zero_division=0
    )
    assert METRICS["weighted_f1"].function(labels, probabilities) == pytest.approx(expected)


def test_a_class_without_cases_does_not_count():
    labels, probabilities = draw(3)
    wide = np.column_stack([probabilities, np.zeros(len(labels))])
    assert macro_f1(labels, wide) == pytest.approx(macro_f1(labels, probabilities))
    assert np.isnan(class_f1(labels, call_at_half(wide))[0, 3])


def test_f1_of_several_classes_says_what_to_take():
    with pytest.raises(InputError, match="expected a binary target, got 3 classes; take macro_f1"):
        binary_f1(*draw(3))


def test_a_smooth_call_is_near_the_hard_one_and_has_no_jump():
    _, probabilities = draw(5)
    far = np.abs(probabilities - 0.5) > 0.3
    assert np.abs(call_smoothly(probabilities) - call_at_half(probabilities))[far].max() < 0.01
    step = call_smoothly(np.array([[0.499, 0.0, 0.501]]))
    assert step[0, 2] - step[0, 0] < 0.02


def test_the_largest_calls_one_class_per_case():
    _, probabilities = draw(5)
    assert (call_largest(probabilities).sum(axis=1) == 1).all()
