import time
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import InputError
from automl_skin.evaluation.operating_point import OperatingPoint, cross_fitted_operating_points
from automl_skin.metrics.thresholds import promised_thresholds


def draw(n=600, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.3).astype(int)
    folds = rng.integers(0, 5, n)
    z = 1.5 * labels + rng.normal(-1, 1, n) + shift * folds
    p = 1 / (1 + np.exp(-z))
    return labels, np.column_stack([1 - p, p]), folds, np.arange(n) // 2


def slow(labels, scores, folds, groups, wanted):
    called = np.zeros(len(labels), bool)
    for fold in range(5):
        others = folds != fold
        chosen = promised_thresholds(labels[others], scores[others], groups[others], [wanted])
        called[~others] = scores[~others] >= chosen[0]
    return called[labels == 1].mean(), (~called[labels == 0]).mean()


def test_equals_the_obvious_loop():
    labels, p, folds, groups = draw(shift=0.3)
    points = cross_fitted_operating_points(labels, p, folds, groups, [0.95, 0.5])
    assert [point.wanted for point in points] == [0.95, 0.5]
    for point in points:
        sensitivity, specificity = slow(labels, p[:, 1], folds, groups, point.wanted)
        assert point.sensitivity == pytest.approx(sensitivity)
        assert point.specificity == pytest.approx(specificity)
        assert point.threshold == promised_thresholds(labels, p[:, 1], groups, [point.wanted])[0]
        assert point.sensitivity_low < point.sensitivity < point.sensitivity_high


def test_a_fold_does_not_choose_its_own_threshold():
    labels, p, folds, groups = draw()
    lowered = p.copy()
    lowered[(folds == 0) & (labels == 1), 1] = 1e-6
    lowered[:, 0] = 1 - lowered[:, 1]
    point = cross_fitted_operating_points(labels, lowered, folds, groups, [0.75])[0]
    share = ((folds == 0) & (labels == 1)).sum() / labels.sum()
    assert point.sensitivity < 1 - share


def test_fifty_sensitivities_are_quick():
    labels, p, folds, groups = draw(8000)
    start = time.process_time()
    points = cross_fitted_operating_points(labels, p, folds, groups, [k / 100 for k in range(50, 100)])
    assert time.process_time() - start < 10
    thresholds = [point.threshold for point in points]
    assert thresholds == sorted(thresholds, reverse=True)
    assert abs(points[-5].sensitivity - 0.95) < 0.02


def test_no_sensitivities():
    labels, p, folds, groups = draw()
    assert cross_fitted_operating_points(labels, p, folds, groups, []) == []


def test_what_cannot_have_one():
    labels, p, folds, groups = draw()
    with pytest.raises(InputError, match="expected a binary target, got 3 classes"):
        cross_fitted_operating_points(labels, np.full((600, 3), 1 / 3), folds, groups, [0.9])
    with pytest.raises(InputError, match="expected positive cases in at least two folds"):
        cross_fitted_operating_points(labels, p, np.where(labels == 1, 0, folds), groups, [0.9])
    with pytest.raises(InputError, match="expected negative cases in at least two folds"):
        cross_fitted_operating_points(labels, p, np.where(labels == 0, 0, folds), groups, [0.9])
    with pytest.raises(InputError, match="expected folds of shape"):
        cross_fitted_operating_points(labels, p, folds[:5], groups, [0.9])
    with pytest.raises(InputError, match="at least two classes"):
        cross_fitted_operating_points(labels * 0, p, folds, groups, [0.9])


def test_a_promise_is_said_and_so_is_none():
    point = OperatingPoint(0.95, 0.08, 0.948, 0.93, 0.962, 0.71, positive_groups=60)
    assert point.is_promised
    assert "at least 0.95 on average over studies (conformal, 60 groups" in point.promise
    sure = replace(point, confidence=0.95)
    assert "with 95% confidence: a sensitivity of at least 0.95 (tolerance bound" in sure.promise
    few = replace(sure, positive_groups=20)
    assert not few.is_promised
    assert (
        "cannot be promised with 95% confidence: expected 59 groups with positive cases or more, got 20"
        in (few.promise)
    )
    assert "promises 0.952 on average" in few.promise
    assert few.lines()[-1].startswith("Warning: ")


def test_a_confidence_asks_for_a_lower_threshold():
    labels, p, folds, groups = draw()
    (usual,) = cross_fitted_operating_points(labels, p, folds, groups, [0.9])
    (sure,) = cross_fitted_operating_points(labels, p, folds, groups, [0.9], confidence=0.95)
    assert sure.threshold < usual.threshold
    assert sure.sensitivity > usual.sensitivity
    assert (usual.confidence, sure.confidence) == (None, 0.95)
    assert sure.positive_groups == len(np.unique(groups[labels == 1]))


@pytest.mark.parametrize(("n_positive", "enough"), [(9, False), (10, True)])
def test_below_ten_positive_groups_the_sensitivity_is_too_few_to_tell(n_positive, enough):
    labels = (np.arange(100) < n_positive).astype(int)
    p = np.random.default_rng(0).dirichlet(np.ones(2), 100)
    (point,) = cross_fitted_operating_points(labels, p, np.arange(100) % 5, np.arange(100), [0.9])
    assert point.reached.enough is enough
    assert ("too few to tell" in point.lines()[0]) is not enough


def test_a_threshold_below_every_negative_case_says_so():
    point = OperatingPoint(0.95, 0.01, 1.0, 0.7, 1.0, 0.0, positive_groups=10)
    assert "every negative case is called positive" in point.lines()[0]
    assert "every negative" not in replace(point, specificity=0.1).lines()[0]
