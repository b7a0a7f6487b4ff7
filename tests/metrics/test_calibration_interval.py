import numpy as np
import pytest
import scipy.stats
from scipy.special import expit

from automl_skin.metrics.calibration import calibration_line
from automl_skin.metrics.calibration_interval import calibration_slope_interval


def draw(seed, n_groups=200, size=1, slope=1.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(-2.5, 1.5, n_groups)
    labels = (rng.random(n_groups) < expit(z)).astype(int)
    groups = np.repeat(np.arange(n_groups), size)
    return labels[groups], expit(z / slope)[groups], groups


@pytest.mark.parametrize(("size", "slope"), [(1, 1.0), (3, 0.6)])
def test_it_holds_the_true_slope(size, slope):
    found = [calibration_slope_interval(*draw(seed, size=size, slope=slope)) for seed in range(400)]
    held = [each.low <= slope <= each.high for each in found if each is not None]
    assert len(held) > 390
    assert 0.93 < np.mean(held) < 0.99


def test_repeated_cases_of_a_group_tell_nothing_new():
    once, thrice = calibration_slope_interval(*draw(1)), calibration_slope_interval(*draw(1, size=3))
    assert thrice.value == pytest.approx(once.value, abs=1e-6)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-5)
    labels, scores, _ = draw(1, size=3)
    alone = calibration_slope_interval(labels, scores, np.arange(len(labels)))
    assert alone.high - alone.low < 0.7 * (once.high - once.low)


def test_agrees_with_leaving_out_each_group():
    labels, scores, groups = draw(2, n_groups=150, size=2)
    without = [calibration_line(labels[groups != g], scores[groups != g]).slope for g in range(150)]
    full = calibration_line(labels, scores).slope
    spread = np.sqrt(149 / 150 * np.sum((np.array(without) - full) ** 2))
    found = calibration_slope_interval(labels, scores, groups)
    n_positive = len(np.unique(groups[labels == 1]))
    assert (found.high - found.value) == pytest.approx(
        spread * scipy.stats.t.ppf(0.975, n_positive - 1), rel=0.1
    )


def test_where_the_cases_cannot_tell():
    labels, scores, groups = draw(0)
    few = np.flatnonzero(labels == 1)[9:]
    kept = np.setdiff1d(np.arange(len(labels)), few)
    assert calibration_slope_interval(labels[kept], scores[kept], groups[kept]) is None
    separated = np.where(labels == 1, 0.9, 0.1)
    assert calibration_slope_interval(labels, separated, groups) is None


def test_scores_that_differ_in_one_group_alone_have_no_interval():
    labels = np.tile([0, 1], 20)
    scores, groups = np.full(40, 0.5), np.arange(40)
    scores[:4], groups[:4] = 0.8, 0  # one group of four, half of them positive
    assert np.isfinite(calibration_line(labels, scores).slope)
    assert calibration_slope_interval(labels, scores, groups) is None
