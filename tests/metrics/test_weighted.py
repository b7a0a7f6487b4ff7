"""Weights mean repeated rows: every metric is compared with literally repeating them."""

import numpy as np
import pytest

from automl_skin.metrics import ranking, weighted
from automl_skin.metrics.catalogue import METRICS, Metric


def draw(seed, n=50, n_classes=2, decimals=1):
    rng = np.random.default_rng(seed)
    labels = np.append(rng.integers(0, n_classes, n), np.arange(n_classes))
    probabilities = rng.dirichlet(np.ones(n_classes), len(labels)) + 0.3 * np.eye(n_classes)[labels]
    probabilities = np.round(probabilities / probabilities.sum(axis=1, keepdims=True), decimals) + 0.01
    weights = rng.integers(0, 4, size=(7, len(labels))).astype(float)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True), weights


def fixed_rule(metric, labels, probabilities):
    """Balanced accuracy keeps the decisions of all cases; the others have no rule."""
    if metric.name != "balanced_accuracy":
        return metric.function
    priors = ranking.class_priors(labels, probabilities.shape[1])
    return lambda y, p: ranking.balanced_accuracy(y, p, priors)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("decimals", [1, 8])
def test_a_weight_is_a_number_of_repetitions(name, n_classes, decimals):
    if name == "f1" and n_classes > 2:
        pytest.skip("f1 is of binary targets")
    labels, probabilities, weights = draw(0, n_classes=n_classes, decimals=decimals)
    metric = METRICS[name]
    slow = Metric(name, fixed_rule(metric, labels, probabilities), True)
    np.testing.assert_allclose(
        metric.on_resamples(labels, probabilities, weights),
        slow.on_resamples(labels, probabilities, weights),
        rtol=1e-12,
    )


@pytest.mark.parametrize("min_tpr", [0.0, 0.37, 0.95])
def test_partial_auc_of_ties_with_any_bound(min_tpr):
    labels, probabilities, weights = draw(4)
    slow = Metric("slow", lambda y, p: ranking.partial_auc(y, p, min_tpr), True)
    np.testing.assert_allclose(
        weighted.weighted_partial_auc(labels, probabilities, weights, min_tpr),
        slow.on_resamples(labels, probabilities, weights),
        rtol=1e-12,
    )


def test_auc_counts_weighted_pairs():
    labels, probabilities, weights = draw(1)
    scores = probabilities[:, 1]
    won = (scores[:, None] > scores) + (scores[:, None] == scores) / 2
    expected = []
    for w in weights:
        pairs = np.outer(w * (labels == 1), w * (labels == 0))
        expected.append((pairs * won).sum() / pairs.sum())
    np.testing.assert_allclose(weighted.weighted_auc(labels, probabilities, weights), expected, rtol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_doubled_weights_and_reordered_cases_change_nothing(name):
    labels, probabilities, weights = draw(2, n_classes=2 if name == "f1" else 3)
    compute = METRICS[name].on_resamples
    before = compute(labels, probabilities, weights)
    np.testing.assert_allclose(compute(labels, probabilities, 2 * weights), before, rtol=1e-12)
    order = np.random.default_rng(0).permutation(len(labels))
    np.testing.assert_allclose(
        compute(labels[order], probabilities[order], weights[:, order]), before, rtol=1e-12
    )


@pytest.mark.parametrize(
    "name", ["auc", "average_precision", "partial_auc", "balanced_accuracy", "macro_f1", "weighted_f1", "f1"]
)
def test_a_resample_of_one_class_has_no_value(name):
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.1, 0.9]])
    weights = np.array([[1, 1, 0, 0], [0, 0, 2, 1], [1, 1, 1, 1.0], [0, 0, 0, 0]])
    values = METRICS[name].on_resamples(labels, probabilities, weights)
    np.testing.assert_array_equal(np.isnan(values), [True, True, False, True])


def test_a_class_missing_from_a_resample_leaves_the_macro_mean():
    labels, probabilities, weights = draw(3, n_classes=3)
    weights[:, labels == 1] = 0
    keep = labels != 1
    np.testing.assert_allclose(
        weighted.weighted_auc(labels, probabilities, weights),
        Metric("slow", ranking.macro_auc, True).on_resamples(
            labels[keep], probabilities[keep], weights[:, keep]
        ),
        rtol=1e-12,
    )
