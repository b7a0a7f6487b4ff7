import numpy as np
import pytest
import scipy.special
import scipy.stats
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from automl_skin.errors import ConfigError
from automl_skin.metrics.calibration import (
    calibration_intervals,
    calibration_line,
    reliability,
)


def draw(seed, n=4000, slope=1.0, shift=0.0):
    """Return labels and scores whose true log-odds are ``shift + slope * logit(score)``."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 3, n)
    truth = scipy.special.expit(shift + slope * scipy.special.logit(scores))
    return (rng.random(n) < truth).astype(int), scores


def two_columns(scores):
    return np.column_stack([1 - scores, scores])


def test_uniform_bins_are_what_a_loop_finds():
    labels, scores = draw(0, n=500)
    found = reliability(labels, two_columns(scores), 10, "uniform")
    row = 0
    for k in range(10):
        inside = (scores >= k / 10) & (scores < (k + 1) / 10)
        if inside.any():
            assert found.counts[row] == inside.sum()
            assert found.predicted[row] == pytest.approx(scores[inside].mean())
            assert found.observed[row] == pytest.approx(labels[inside].mean())
            row += 1
    assert row == len(found.counts)


def test_quantile_bins_hold_equal_numbers():
    labels, scores = draw(1, n=1000)
    assert set(reliability(labels, two_columns(scores), 10).counts) == {100}


def test_equal_probabilities_stay_in_one_bin():
    found = reliability(np.array([0, 1, 0, 1]), np.full((4, 2), 0.5))
    assert found.counts.tolist() == [4]
    assert found.error == pytest.approx(0)


def test_an_edge_belongs_to_the_bin_above():
    scores = np.array([0.1, 0.5, 0.6])
    found = reliability(np.array([0, 1, 1]), two_columns(scores), 2, "uniform")
    assert found.counts.tolist() == [1, 2]


def test_probability_one_belongs_to_the_last_bin():
    found = reliability(np.array([1, 0]), np.array([[0.0, 1.0], [1.0, 0.0]]), 5, "uniform")
    assert found.predicted.tolist() == [0, 1]


def test_no_bins_is_an_error():
    with pytest.raises(ConfigError, match="at least one bin"):
        reliability(np.array([0, 1]), np.eye(2), 0)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.5, 0.0), (1.5, -1.0)])
def test_line_agrees_with_unpenalised_logistic_regression(slope, shift):
    labels, scores = draw(3, slope=slope, shift=shift)
    log_odds = scipy.special.logit(scores)[:, None]
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds, labels)
    line = calibration_line(labels, scores)
    assert line.slope == pytest.approx(reference.coef_[0, 0], abs=1e-4)
    assert line.intercept == pytest.approx(reference.intercept_[0], abs=1e-4)
    assert line.slope == pytest.approx(slope, abs=0.15)


def test_shift_alone_gives_the_observed_number_of_positives():
    labels, scores = draw(4, shift=0.7)
    line = calibration_line(labels, scores)
    moved = scipy.special.expit(scipy.special.logit(scores) + line.in_the_large)
    assert moved.mean() == pytest.approx(labels.mean())
    assert line.in_the_large == pytest.approx(0.7, abs=0.15)


@pytest.mark.parametrize("scores", [[0.0, 0.2, 0.8, 1.0], [1.0, 0.8, 0.2, 0.0], [0.5, 0.5, 0.5, 0.5]])
def test_no_finite_slope_is_nan(scores):
    line = calibration_line(np.array([0, 0, 1, 1]), np.array(scores))
    assert np.isnan(line.slope)
    assert np.isnan(line.intercept)
    assert np.isfinite(line.in_the_large)


def draw_groups(seed, n_groups=200, size=1, slope=1.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(-2.5, 1.5, n_groups)
    labels = (rng.random(n_groups) < expit(z)).astype(int)
    groups = np.repeat(np.arange(n_groups), size)
    return labels[groups], expit(z / slope)[groups], groups


def slope_interval(*drawn):
    found = calibration_intervals(*drawn)
    return None if found is None else found[0]


@pytest.mark.parametrize(("size", "slope"), [(1, 1.0), (3, 0.6)])
def test_they_hold_the_true_slope_and_intercept(size, slope):
    found = [calibration_intervals(*draw_groups(seed, size=size, slope=slope)) for seed in range(300)]
    found = [each for each in found if each is not None]
    assert len(found) > 290
    for position, truth in enumerate((slope, 0.0)):
        held = [each[position].low <= truth <= each[position].high for each in found]
        assert 0.93 < np.mean(held) < 0.99


def test_repeated_cases_of_a_group_tell_nothing_new():
    once, thrice = (
        slope_interval(*draw_groups(1)),
        slope_interval(*draw_groups(1, size=3)),
    )
    assert thrice.value == pytest.approx(once.value, abs=1e-6)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-5)
    labels, scores, _ = draw_groups(1, size=3)
    alone = slope_interval(labels, scores, np.arange(len(labels)))
    assert alone.high - alone.low < 0.7 * (once.high - once.low)


def test_agrees_with_leaving_out_each_group():
    labels, scores, groups = draw_groups(2, n_groups=150, size=2)
    without = [calibration_line(labels[groups != g], scores[groups != g]).slope for g in range(150)]
    full = calibration_line(labels, scores).slope
    spread = np.sqrt(149 / 150 * np.sum((np.array(without) - full) ** 2))
    found = slope_interval(labels, scores, groups)
    n_positive = len(np.unique(groups[labels == 1]))
    assert (found.high - found.value) == pytest.approx(
        spread * scipy.stats.t.ppf(0.975, n_positive - 1), rel=0.1
    )


def test_where_the_cases_cannot_tell():
    labels, scores, groups = draw_groups(0)
    few = np.flatnonzero(labels == 1)[9:]
    kept = np.setdiff1d(np.arange(len(labels)), few)
    assert slope_interval(labels[kept], scores[kept], groups[kept]) is None
    separated = np.where(labels == 1, 0.9, 0.1)
    assert slope_interval(labels, separated, groups) is None


def test_scores_that_differ_in_one_group_alone_have_no_interval():
    labels = np.tile([0, 1], 20)
    scores, groups = np.full(40, 0.5), np.arange(40)
    scores[:4], groups[:4] = 0.8, 0  # one group of four, half of them positive
    assert np.isfinite(calibration_line(labels, scores).slope)
    assert slope_interval(labels, scores, groups) is None
