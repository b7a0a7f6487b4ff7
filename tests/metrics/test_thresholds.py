import numpy as np
import pandas as pd
import pytest
import scipy.stats

from automl_skin.errors import ConfigError, InputError
from automl_skin.metrics.thresholds import (
    allowed_misses,
    confusion,
    needed_groups,
    promised_thresholds,
    sensitivity_at_specificity,
)


def draw(seed, decimals):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 80)
    return labels, np.round(rng.normal(labels, 1), decimals)


def by_trying_all(labels, scores):
    """Every threshold with its sensitivity and specificity."""
    thresholds = np.append(np.unique(scores), np.inf)
    return [(t, np.mean(scores[labels == 1] >= t), np.mean(scores[labels == 0] < t)) for t in thresholds]


def by_the_definition(labels, scores, groups, sensitivity, confidence):
    """The largest threshold that is allowed, by counting at every positive score."""
    mine = pd.DataFrame({"score": scores, "group": groups})[labels == 1]
    n = mine["group"].nunique()
    possible = []
    for t in mine["score"].unique():
        missed = (mine["score"] < t).groupby(mine["group"]).mean().sum()
        if confidence is None:
            kept = (missed + 1) / (n + 1) <= 1 - sensitivity + 1e-9
        else:
            kept = scipy.stats.binom.cdf(np.ceil(missed - 1e-9), n, 1 - sensitivity) <= 1 - confidence
        possible += [t] if kept else []
    return max(possible, default=mine["score"].min())


@pytest.mark.parametrize("decimals", [0, 6])
@pytest.mark.parametrize("confidence", [None, 0.9])
@pytest.mark.parametrize("size", [1, 4])
def test_threshold_is_the_largest_that_is_promised(decimals, confidence, size):
    labels, scores = draw(0, decimals)
    groups = np.arange(80) // size
    wanted = [0.5, 0.7, 0.9, 0.95, 0.99]
    expected = [by_the_definition(labels, scores, groups, each, confidence) for each in wanted]
    assert promised_thresholds(labels, scores, groups, wanted, confidence).tolist() == expected


def test_a_large_group_counts_once():
    # eleven low scores of one patient are one miss of 20, which a sensitivity of 0.9 allows; of 30 cases it allows two
    labels, groups = np.array([0, *[1] * 30]), np.array([99, *[0] * 11, *range(1, 20)])
    scores = np.array([0.0, *[0.1] * 11, *np.linspace(0.6, 0.9, 19)])
    assert promised_thresholds(labels, scores, groups, [0.9])[0] == 0.6
    assert promised_thresholds(labels, scores, np.arange(31), [0.9])[0] == 0.1


@pytest.mark.parametrize(("confidence", "needed"), [(None, 19), (0.95, 59)])
def test_too_few_groups_promise_nothing(confidence, needed):
    assert needed_groups(0.95, confidence) == needed
    assert allowed_misses(needed, 0.95, confidence) >= 0 > allowed_misses(needed - 1, 0.95, confidence)
    labels, scores = np.array([0, 1, 1, 1]), np.array([0.1, 0.4, 0.5, 0.6])
    assert promised_thresholds(labels, scores, np.arange(4), [0.95], confidence).tolist() == [0.4]


def new_sensitivities(n_groups, clustered, confidence, n_studies=500):
    """Sensitivities on endless new cases at the thresholds of small studies; scores of a group are correlated."""
    rng = np.random.default_rng(n_groups)
    found = []
    for _ in range(n_studies):
        sizes = rng.integers(1, 7, n_groups) if clustered else np.ones(n_groups, dtype=int)
        groups = np.repeat(np.arange(n_groups), sizes)
        scores = rng.normal(0, np.sqrt(0.5), n_groups)[groups] + rng.normal(0, np.sqrt(0.5), len(groups))
        labels, scores = np.append(np.ones(len(groups), dtype=int), 0), np.append(scores, -9.0)
        (threshold,) = promised_thresholds(labels, scores, np.append(groups, -1), [0.95], confidence)
        found.append(scipy.stats.norm.sf(threshold))
    return np.array(found)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("n_groups", [20, 60, 200])
def test_new_cases_show_what_was_asked_on_average(n_groups, clustered):
    found = new_sensitivities(n_groups, clustered, None)
    assert found.mean() > 0.95 - 3 * found.std() / np.sqrt(len(found))


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("n_groups", [60, 200])
def test_new_cases_show_what_was_asked_with_confidence(n_groups, clustered):
    found = new_sensitivities(n_groups, clustered, 0.95)
    assert np.mean(found < 0.95) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(found))


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
    groups = np.arange(80)
    with pytest.raises(ConfigError, match="sensitivity: expected a value between 0 and 1, got 1"):
        promised_thresholds(labels, scores, groups, [0.9, 1])
    with pytest.raises(ConfigError, match="confidence: expected a value between 0 and 1, got 95"):
        promised_thresholds(labels, scores, groups, [0.9], 95)
    with pytest.raises(ConfigError, match="specificity: expected a value"):
        sensitivity_at_specificity(labels, scores, 1.2)
    with pytest.raises(InputError, match="at least two classes"):
        promised_thresholds(np.zeros(80, dtype=int), scores, groups, [0.9])


def test_confusion_has_a_row_a_true_class():
    matrix = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), n_classes=4)
    expected = [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(matrix, expected)
