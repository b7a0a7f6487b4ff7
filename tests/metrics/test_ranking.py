import numpy as np
import pytest
import sklearn.metrics

from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics import ranking


def draw(seed, n=60, n_classes=2, decimals=1):
    """Probabilities rounded so that there are many ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n)
    probabilities = np.round(rng.dirichlet(np.ones(n_classes), n) + 0.5 * np.eye(n_classes)[labels], decimals)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def pairs_won(labels, scores):
    """AUC by its meaning: a random positive beats a random negative, ties count half."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    return np.mean([(a > b) + (a == b) / 2 for a in positive for b in negative])


@pytest.mark.parametrize("seed", range(5))
def test_auc_counts_pairs(seed):
    labels, probabilities = draw(seed)
    assert ranking.macro_auc(labels, probabilities) == pytest.approx(pairs_won(labels, probabilities[:, 1]))


def test_macro_auc_is_the_mean_over_classes_present():
    labels, probabilities = draw(1, n_classes=4)
    kept = labels != 2
    labels, probabilities = labels[kept], probabilities[kept]
    expected = np.mean([pairs_won((labels == k).astype(int), probabilities[:, k]) for k in (0, 1, 3)])
    assert ranking.macro_auc(labels, probabilities) == pytest.approx(expected)


def test_auc_ignores_order_of_cases_and_monotone_changes():
    labels, probabilities = draw(2)
    before = ranking.macro_auc(labels, probabilities)
    shuffled = np.random.default_rng(0).permutation(len(labels))
    assert ranking.macro_auc(labels[shuffled], probabilities[shuffled]) == pytest.approx(before)
    assert ranking.macro_auc(labels, probabilities**3) == pytest.approx(before)
    assert ranking.macro_auc(1 - labels, probabilities) == pytest.approx(1 - before)


@pytest.mark.parametrize(
    "metric", [ranking.macro_auc, ranking.average_precision, ranking.partial_auc, ranking.balanced_accuracy]
)
def test_one_class_is_an_error(metric):
    with pytest.raises(InputError, match="at least two classes"):
        metric(np.ones(4, dtype=int), np.full((4, 2), 0.5))


def test_average_precision_of_a_worked_example():
    labels = np.array([1, 0, 1, 0])
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    value = ranking.average_precision(labels, np.column_stack([1 - scores, scores]))
    assert value == pytest.approx((1 + 2 / 3) / 2)


def area_above(labels, scores, min_tpr):
    """Area between curve and line by a fine grid over the true positive rate."""
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    # A vertical piece of the curve has several fpr at one tpr only at its ends: midpoints avoid them.
    grid = np.linspace(min_tpr, 1, 200_001)
    middle = (grid[1:] + grid[:-1]) / 2
    return np.mean(1 - np.interp(middle, tpr + np.arange(len(tpr)) * 1e-12, fpr)) * (1 - min_tpr)


@pytest.mark.parametrize("min_tpr", [0.0, 0.5, 0.8, 0.88])
@pytest.mark.parametrize("decimals", [1, 6])
def test_partial_auc_is_the_area_above_the_line(min_tpr, decimals):
    labels, probabilities = draw(3, decimals=decimals)
    expected = area_above(labels, probabilities[:, 1], min_tpr)
    assert ranking.partial_auc(labels, probabilities, min_tpr) == pytest.approx(expected, abs=1e-4)


def test_partial_auc_has_the_bounds_of_isic_2024():
    labels = np.array([0, 0, 1, 1])
    perfect = np.eye(2)[labels]
    assert ranking.partial_auc(labels, perfect) == pytest.approx(0.2)
    assert ranking.partial_auc(labels, perfect[:, ::-1]) == pytest.approx(0)
    assert ranking.partial_auc(labels, np.full((4, 2), 0.5)) == pytest.approx(0.02)
    assert ranking.partial_auc(labels, perfect, 0) == pytest.approx(1)


@pytest.mark.parametrize("min_tpr", [-0.1, 1.0])
def test_min_tpr_must_be_a_rate(min_tpr):
    with pytest.raises(ConfigError, match=r"\[0, 1\)"):
        ranking.partial_auc(np.array([0, 1]), np.eye(2), min_tpr)


def test_decisions_weigh_probabilities_by_priors():
    probabilities = np.array([[0.7, 0.3, 0.0], [0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    np.testing.assert_array_equal(ranking.decide(probabilities, np.array([0.8, 0.2, 0.0])), [1, 0, 1])


def test_balanced_accuracy_is_the_mean_recall_at_the_prior():
    labels = np.array([0] * 8 + [1] * 2)
    scores = np.array([0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.3, 0.4, 0.25, 0.05])
    probabilities = np.column_stack([1 - scores, scores])
    assert ranking.balanced_accuracy(labels, probabilities) == pytest.approx((6 / 8 + 1 / 2) / 2)
    even = ranking.balanced_accuracy(labels, probabilities, np.array([0.5, 0.5]))
    assert even == pytest.approx(0.5)


def test_balanced_accuracy_survives_decisions_for_an_absent_class():
    labels = np.array([0, 1, 1])
    probabilities = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    value = ranking.balanced_accuracy(labels, probabilities, np.full(3, 1 / 3))
    assert value == pytest.approx(0.75)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_proper_scores_agree_with_their_definition_and_with_scikit_learn(n_classes):
    labels, probabilities = draw(5, n_classes=n_classes)
    expected = -np.mean([np.log(p[y]) for y, p in zip(labels, probabilities, strict=True)])
    assert ranking.log_loss(labels, probabilities) == pytest.approx(expected)
    assert ranking.case_log_loss(labels, probabilities).mean() == pytest.approx(expected)
    if n_classes == 2:
        theirs = sklearn.metrics.brier_score_loss(labels, probabilities[:, 1])
    else:
        theirs = sklearn.metrics.brier_score_loss(labels, probabilities, labels=range(n_classes))
    assert ranking.brier(labels, probabilities) == pytest.approx(theirs)


def test_log_loss_is_finite_for_a_confident_mistake():
    assert np.isfinite(ranking.log_loss(np.array([0, 1]), np.array([[0.0, 1.0], [0.5, 0.5]])))
