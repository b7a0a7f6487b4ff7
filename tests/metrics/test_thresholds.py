import numpy as np
import pytest

from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics.thresholds import confusion, sensitivity_at_specificity, threshold_at_sensitivity


def draw(seed, decimals):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 80)
    return labels, np.round(rng.normal(labels, 1), decimals)


def by_trying_all(labels, scores):
    """Every threshold with its sensitivity and specificity."""
    thresholds = np.append(np.unique(scores), np.inf)
    return [(t, np.mean(scores[labels == 1] >= t), np.mean(scores[labels == 0] < t)) for t in thresholds]


@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("sensitivity", [0.1, 0.7, 0.95, 1.0])
def test_threshold_is_the_largest_that_is_sensitive_enough(sensitivity, decimals):
    labels, scores = draw(0, decimals)
    expected = max(t for t, found, _ in by_trying_all(labels, scores) if found >= sensitivity - 1e-12)
    assert threshold_at_sensitivity(labels, scores, sensitivity) == expected


@pytest.mark.parametrize("n", range(2, 60))
def test_rounding_never_costs_a_positive(n):
    labels, scores = np.append(np.ones(n, dtype=int), 0), np.append(np.arange(n), -1.0)
    for found in range(1, n + 1):
        assert threshold_at_sensitivity(labels, scores, found / n) == n - found


@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("specificity", [0.0, 0.5, 0.9, 0.95, 1.0])
def test_sensitivity_at_specificity_tries_all_thresholds(specificity, decimals):
    labels, scores = draw(1, decimals)
    expected = max(f for _, f, kept in by_trying_all(labels, scores) if kept >= specificity - 1e-12)
    assert sensitivity_at_specificity(labels, scores, specificity) == pytest.approx(expected)


def test_exact_specificity_is_reached():
    labels, scores = np.array([0] * 10 + [1]), np.append(np.arange(10), 8.5)
    assert sensitivity_at_specificity(labels, scores, 0.9) == 1


def test_impossible_wishes_are_errors():
    labels, scores = draw(2, 3)
    with pytest.raises(ConfigError, match="sensitivity: expected a value"):
        threshold_at_sensitivity(labels, scores, 0)
    with pytest.raises(ConfigError, match="specificity: expected a value"):
        sensitivity_at_specificity(labels, scores, 1.2)
    with pytest.raises(InputError, match="at least two classes"):
        threshold_at_sensitivity(np.zeros(80, dtype=int), scores, 0.9)


def test_confusion_has_a_row_a_true_class():
    matrix = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), n_classes=4)
    expected = [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(matrix, expected)
