import re
from dataclasses import replace

import numpy as np
import pytest

from automl_skin.evaluation.model_figures import (
    Calibration,
    ModelFigures,
    describe_model,
    measure_calibration,
)
from automl_skin.metrics import ranking
from automl_skin.metrics.intervals import Interval
from automl_skin.records import from_plain, to_plain

AUC = Interval(0.9, 0.8, 0.95)


def draw(n_classes, n=400):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, n_classes, n)
    z = np.exp(rng.normal(0, 1, (n, n_classes)) + 1.5 * np.eye(n_classes)[labels])
    return labels, z / z.sum(axis=1, keepdims=True)


def test_binary_model():
    labels, p = draw(2)
    priors = np.array([0.8, 0.2])
    model = describe_model(labels, p, priors, AUC, AUC, np.arange(len(p)))
    assert model.average_precision.value == pytest.approx(ranking.average_precision(labels, p))
    assert model.balanced_accuracy.value == pytest.approx(ranking.balanced_accuracy(labels, p, priors))
    assert model.balanced_accuracy.value != pytest.approx(ranking.balanced_accuracy(labels, p))
    assert f"{model.average_precision.low:.3f} to" in model.details()
    assert model.partial_auc == ranking.partial_auc(labels, p, 0.8)
    assert from_plain(ModelFigures, to_plain(model), "a file") == model


def test_several_classes_have_no_line():
    labels, p = draw(3)
    model = describe_model(labels, p, np.full(3, 1 / 3), AUC, AUC, np.arange(len(p)))
    assert model.calibration_slope is None
    assert from_plain(ModelFigures, to_plain(model), "a file") == model
    assert "slope" not in model.details()


def test_overconfident_probabilities_have_a_slope_below_one():
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1.5, 5000)
    labels = (rng.random(5000) < 1 / (1 + np.exp(-z))).astype(int)
    p = 1 / (1 + np.exp(-2 * z))
    calibration = measure_calibration(labels, np.column_stack([1 - p, p]), np.arange(5000))
    assert (
        calibration.calibration_slope_low
        < calibration.calibration_slope
        < calibration.calibration_slope_high
        < 1
    )
    assert (
        f"({calibration.calibration_slope_low:.2f} to {calibration.calibration_slope_high:.2f})"
        in calibration.describe_calibration()
    )
    assert "the probabilities are too extreme. Recalibrate them" in calibration.calibration_warning
    assert calibration.calibration_metrics["calibration_slope_high"] == calibration.calibration_slope_high
    assert calibration.calibration_intercept_low < 0 < calibration.calibration_intercept_high
    assert calibration.calibration_slope == pytest.approx(0.5, abs=0.06)
    assert calibration.calibration_intercept == pytest.approx(0, abs=0.1)


def test_separated_classes_have_no_finite_slope():
    labels = np.array([0, 0, 1, 1])
    p = np.array([0.1, 0.2, 0.8, 0.9])
    calibration = measure_calibration(labels, np.column_stack([1 - p, p]), np.arange(4))
    assert calibration.calibration_warning == ""
    assert calibration.calibration_slope is None
    words = calibration.describe_calibration()
    assert words.startswith(
        "no calibration slope (the probabilities of the two classes do not overlap), expected"
    )
    assert "is_separated" not in calibration.calibration_metrics


@pytest.mark.parametrize(
    ("slope", "low", "high", "words"),
    [
        (0.5, 0.3, 0.8, "too extreme"),
        (1.8, 1.2, 2.4, "not extreme enough"),
        (-0.6, -0.9, -0.3, "run against the classes"),
        (0.5, 0.3, 1.1, ""),
        (0.95, 0.93, 0.97, ""),
        (0.5, None, None, ""),
        (None, None, None, ""),
    ],
)
def test_a_slope_far_from_one_is_warned_of(slope, low, high, words):
    warning = Calibration(
        calibration_slope=slope,
        calibration_intercept=0.0,
        calibration_error=0.1,
        calibration_slope_low=low,
        calibration_slope_high=high,
    ).calibration_warning
    assert words in warning
    assert bool(warning) == bool(words)


def perfect(n, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), n)
    return (rng.random(n)[:, None] >= p.cumsum(axis=1)[:, :-1]).sum(axis=1), p


def test_the_error_of_a_perfect_model_on_few_cases_is_no_fault():
    labels, p = perfect(60, 0)
    calibration = measure_calibration(labels, p, np.arange(60))
    low, high = calibration.perfect_calibration_error_low, calibration.perfect_calibration_error_high
    assert 0.03 < low < calibration.calibration_error < high
    words = calibration.describe_calibration()
    assert f", where a perfectly calibrated model shows {low:.3f} to {high:.3f} on these cases" in words
    assert f"(the true one is 0.000 to {calibration.calibration_error_high:.3f})" in words
    assert calibration.calibration_error_low == 0
    alone = replace(calibration, calibration_error_low=None, calibration_error_high=None)
    assert "(too few to tell the true one)" in alone.describe_calibration()
    assert calibration.calibration_warning == ""


def test_an_error_beyond_that_of_a_perfect_model_is_warned_of():
    labels, p = perfect(600, 0)
    sharp = p**4 / (p**4).sum(axis=1, keepdims=True)
    warning = measure_calibration(labels, sharp, np.arange(600)).calibration_warning
    assert "where a perfectly calibrated model shows at most" in warning


def test_a_slope_on_too_few_cases_says_so():
    labels, p = draw(2, n=18)
    words = measure_calibration(labels, p, np.arange(18)).describe_calibration()
    assert re.search(r"calibration slope \S+ and intercept \S+ \(too few to tell\)", words)
