import time

import numpy as np
import pytest
from scipy.special import expit

from automl_skin.metrics.calibration_error import (
    error_interval,
    error_when_perfect,
    expected_calibration_error,
)


def draw(seed, n_groups=200, size=1, slope=1.0):
    """Return labels, scores and groups; the true log-odds are ``slope`` times those of the scores."""
    rng = np.random.default_rng(seed)
    z = np.repeat(rng.normal(-1.0, 1.5, n_groups), size) + rng.normal(0.0, 0.5, n_groups * size) * (size > 1)
    groups = np.repeat(np.arange(n_groups), size)
    labels = (rng.random(n_groups)[groups] < expit(slope * z)).astype(int)
    return labels, expit(z), groups


def two_columns(scores):
    return np.column_stack([1 - scores, scores])


def true_error(size, slope):
    """Return the error that very many cases of `draw` show."""
    _, scores, _ = draw(0, 400_000, size, slope)
    true = expit(slope * (np.log(scores) - np.log1p(-scores)))
    places = np.minimum((scores * 15).astype(int), 14)
    return np.abs(np.bincount(places, weights=true - scores)).sum() / len(scores)


def test_several_classes_compare_confidence_with_being_right():
    labels = np.array([0, 1, 2, 2])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]])
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.05)


def test_error_is_small_for_honest_and_large_for_dishonest_scores():
    labels, scores, _ = draw(2, n_groups=4000)
    assert expected_calibration_error(labels, two_columns(scores)) < 0.03
    assert expected_calibration_error(labels, two_columns(np.sqrt(scores))) > 0.1


@pytest.mark.parametrize("size", [1, 3])
def test_a_perfect_model_has_an_error_within_its_range(size):
    held = []
    for seed in range(200):
        labels, scores, groups = draw(seed, n_groups=120, size=size)
        low, high = error_when_perfect(two_columns(scores), groups)
        held.append(low <= expected_calibration_error(labels, two_columns(scores)) <= high)
    assert 0.91 < np.mean(held) < 0.99


def test_cases_of_one_group_widen_the_range_of_a_perfect_model():
    scores = np.random.default_rng(0).beta(1, 2, 300)
    alone = error_when_perfect(two_columns(scores), np.arange(300))
    together = error_when_perfect(two_columns(scores), np.arange(300) // 6)
    assert together[1] > alone[1] + 0.02
    assert alone == error_when_perfect(two_columns(scores), np.arange(300))


@pytest.mark.parametrize(("size", "slope"), [(1, 1.0), (3, 1.0), (1, 0.7), (3, 0.7), (1, 1.4)])
def test_the_interval_holds_the_true_error(size, slope):
    true = true_error(size, slope)
    held, measured = [], []
    for seed in range(150):
        labels, scores, groups = draw(seed, 120, size, slope)
        low, high = error_interval(labels, two_columns(scores), groups, n_draws=100, seed=seed)
        held.append(low <= true <= high)
        measured.append(expected_calibration_error(labels, two_columns(scores)))
        assert 0 <= low < high
    assert np.mean(held) > 0.91
    assert (
        np.mean(measured) > true + 0.02
    )  # what is measured is too high, so that an interval around it would not hold


def test_an_error_beyond_a_perfect_models_has_an_interval_above_zero():
    labels, scores, groups = draw(0, n_groups=1500, slope=0.4)
    low, high = error_interval(labels, two_columns(scores), groups)
    assert 0.05 < low < true_error(1, 0.4) < high < 0.2
    assert (low, high) == error_interval(labels, two_columns(scores), groups)


def test_scores_that_look_better_than_perfect_have_an_interval_too():
    scores = np.repeat(np.linspace(0.05, 0.95, 10), 40)
    labels = np.concatenate([np.arange(40) < round(40 * p) for p in np.linspace(0.05, 0.95, 10)]).astype(int)
    low, high = error_interval(labels, two_columns(scores), np.arange(400))
    assert low == 0
    assert 0.01 < high < 0.1


def test_repeated_cases_of_a_group_do_not_narrow_it():
    labels, scores, groups = draw(3, n_groups=150)
    once = error_interval(labels, two_columns(scores), groups)
    thrice = error_interval(np.repeat(labels, 3), two_columns(np.repeat(scores, 3)), np.repeat(groups, 3))
    assert thrice == pytest.approx(once, abs=1e-3)


def test_too_few_groups_and_separated_classes_have_no_interval():
    labels, scores, groups = draw(0)
    few = np.flatnonzero(labels == 1)[9:]
    kept = np.setdiff1d(np.arange(len(labels)), few)
    assert error_interval(labels[kept], two_columns(scores[kept]), groups[kept]) is None
    assert error_interval(labels, two_columns(np.where(labels == 1, 0.9, 0.1)), groups) is None
    assert error_interval(labels, two_columns(scores), np.zeros(len(labels))) is None


def test_ten_thousand_cases_take_seconds():
    labels, scores, groups = draw(0, n_groups=10_000)
    began = time.process_time()
    error_interval(labels, two_columns(scores), groups)
    assert time.process_time() - began < 10
