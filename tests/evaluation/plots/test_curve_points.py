import numpy as np
import pytest

from automl_skin.evaluation.plots.curve_points import (
    GRID,
    contrasts,
    macro_precision_recall,
    macro_roc,
    precision_recall_points,
    roc_band,
    roc_points,
)
from automl_skin.metrics.intervals import weight_blocks
from automl_skin.metrics.ranking import average_precision, macro_auc


def bootstrap_weights(groups, n_resamples, seed):
    """All resamples at once."""
    return np.concatenate(list(weight_blocks(groups, n_resamples, seed)))


def test_contrasts(two, many):
    assert [each.label for each in contrasts(*two)] == [1]
    assert [each.label for each in contrasts(*many)] == list(range(7))


def test_areas_are_the_metrics(two):
    contrast = contrasts(*two)[0]
    assert np.trapezoid(*roc_points(contrast)[::-1]) == pytest.approx(macro_auc(*two))
    recall, precision = precision_recall_points(contrast)
    assert (recall[0], recall[-1]) == (0, 1)
    assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(average_precision(*two))


def test_macro_curves(many):
    several = contrasts(*many)
    fpr, tpr = macro_roc(several)
    assert np.trapezoid(tpr, fpr) == pytest.approx(macro_auc(*many), abs=0.01)
    recall, precision = macro_precision_recall(several)
    assert len(recall) == len(precision) == len(GRID)


def test_band_is_that_of_repeated_rows(two, monkeypatch):
    monkeypatch.setattr("automl_skin.evaluation.plots.curve_points.N_RESAMPLES", 40)
    labels, p = two
    groups = np.arange(300) // 2
    low, high = roc_band(contrasts(labels, p), groups, 3)
    curves = []
    for counts in bootstrap_weights(groups, 40, 3).astype(int):
        rows = np.repeat(np.arange(300), counts)
        curves.append(np.interp(GRID, *roc_points(contrasts(labels[rows], p[rows])[0])))
    inner = (GRID > 0) & (GRID < 1)  # at 0 the curve jumps, and interpolation may choose either end
    expected = np.quantile(curves, [0.025, 0.975], axis=0)
    np.testing.assert_allclose([low[inner], high[inner]], expected[:, inner], atol=1e-9)


def test_band_over_resamples_without_a_class():
    labels = np.array([1, 0, 0, 0])
    p = np.array([0.9, 0.1, 0.2, 0.3])
    low, high = roc_band(contrasts(labels, np.column_stack([1 - p, p])), np.arange(4))
    assert np.isfinite(low).all()
    assert (high >= low).all()
