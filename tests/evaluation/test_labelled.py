import json

import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.evaluation.labelled import LabelledEvaluation, evaluate_scores
from automl_skin.metrics.intervals import auc_interval
from automl_skin.records import from_plain, to_plain


def draw(n=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(int)
    seen = 2 * labels + rng.normal(-1, 1, n)
    p = 1 / (1 + np.exp(-(2 * seen + np.log(0.3 / 0.7))))  # what Bayes' theorem says
    return labels, np.column_stack([1 - p, p]), np.arange(n) // 2


def comes_back(evaluation):
    text = json.dumps(to_plain(evaluation), allow_nan=False)
    return from_plain(LabelledEvaluation, json.loads(text), "a file") == evaluation


def test_figures_at_the_stored_threshold():
    labels, p, groups = draw()
    found = evaluate_scores(labels, p, groups, 0.4)
    assert found.auc == auc_interval(labels, p, groups)
    assert found.sensitivity.value == pytest.approx((p[labels == 1, 1] >= 0.4).mean())
    assert found.specificity.value == pytest.approx((p[labels == 0, 1] < 0.4).mean())
    assert found.sensitivity.low < found.sensitivity.value < found.sensitivity.high
    assert found.notes == ()
    assert comes_back(found)
    text = "\n".join(found.lines())
    for words in (
        "400 of 400 cases",
        "AUC",
        "mean probability of positive",
        "Calibration slope",
        "At the stored threshold 0.4: sensitivity",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("n_classes", "words"),
    [(2, "Perhaps the other value is the positive one"), (3, "names of the classes")],
)
def test_worse_than_chance_is_warned_of(n_classes, words):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, n_classes, 200)
    p = rng.dirichlet(np.ones(n_classes), 200) + 0.3 * np.eye(n_classes)[labels]
    p /= p.sum(axis=1, keepdims=True)
    classes = tuple("abc"[:n_classes])
    assert not any("below" in note for note in evaluate_scores(labels, p, classes=classes).notes)
    turned = evaluate_scores((labels + 1) % n_classes, p, classes=classes)
    assert turned.auc.value < 0.5
    assert any(words in note for note in turned.notes)


def test_unscored_rows_are_counted_and_left_out():
    labels, p, groups = draw()
    kept = evaluate_scores(labels[50:], p[50:], groups[50:], 0.4)
    p[:50] = np.nan
    found = evaluate_scores(labels, p, groups, 0.4)
    assert found.auc == kept.auc
    assert (found.n_cases, found.n_unscored, found.n_scored) == (400, 50, 350)
    assert sum(found.unscored_counts) == 50
    assert "50 cases have no probability and are left out" in found.notes[0]
    assert comes_back(found)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only(label):
    labels, p, groups = draw()
    found = evaluate_scores(np.full_like(labels, label), p, groups, 0.4, classes=("benign", "malignant"))
    assert found.auc is found.average_precision is found.calibration_error is None
    assert (found.sensitivity is None) == (label == 0)
    assert (found.specificity is None) == (label == 1)
    assert f"All scored cases are {('benign', 'malignant')[label]}" in found.notes[0]
    assert comes_back(found)


def test_probabilities_that_are_too_extreme_are_warned_of():
    labels, p, groups = draw()
    odds = 3 * np.log(p[:, 1] / p[:, 0])
    extreme = 1 / (1 + np.exp(-odds))
    found = evaluate_scores(labels, np.column_stack([1 - extreme, extreme]), groups)
    assert found.auc == evaluate_scores(labels, p, groups).auc
    assert "the probabilities are too extreme" in found.notes[-1]
    assert comes_back(found)


def test_several_classes_without_groups():
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 3, 120), rng.dirichlet(np.ones(3), 120)
    found = evaluate_scores(labels, p, classes=("a", "b", "c"), threshold=0.3)
    assert found.auc is not None
    assert found.threshold is found.sensitivity is None
    assert sum(found.class_counts) == 120
    assert comes_back(found)


def test_one_group_has_no_interval():
    labels, p, _ = draw()
    found = evaluate_scores(labels, p, np.zeros(len(labels)), 0.4)
    assert found.auc is found.sensitivity is found.average_precision is None
    assert found.brier is not None
    assert "belong to one group" in found.notes[-1]


def test_nothing_scored_and_wrong_shapes():
    labels, p, groups = draw()
    with pytest.raises(InputError, match="got none for all 400"):
        evaluate_scores(labels, p * np.nan, groups)
    with pytest.raises(InputError, match="expected probabilities of shape"):
        evaluate_scores(labels, p, groups[:3])
    with pytest.raises(InputError, match="expected probabilities of shape"):
        evaluate_scores(labels, p, groups, classes=("a", "b", "c"))
