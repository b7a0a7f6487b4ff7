import numpy as np
import pytest
import scipy.special
from sklearn.linear_model import LogisticRegression

from automl_skin.errors import ConfigError
from automl_skin.metrics.calibration import calibration_line, expected_calibration_error, reliability


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


def test_several_classes_compare_confidence_with_being_right():
    labels = np.array([0, 1, 2, 2])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]])
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.05)


def test_error_is_small_for_honest_and_large_for_dishonest_scores():
    labels, scores = draw(2)
    assert expected_calibration_error(labels, two_columns(scores)) < 0.03
    assert expected_calibration_error(labels, two_columns(np.sqrt(scores))) > 0.1


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
