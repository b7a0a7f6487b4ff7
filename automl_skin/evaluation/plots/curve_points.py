"""The points of ROC and precision-recall curves, and the band of a ROC curve.

A *contrast* is one class against the rest: ``positive`` (n_cases,) and ``scores`` (n_cases,).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import sklearn.metrics

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.intervals import weight_blocks
from automl_skin.metrics.ranking import scored_classes

GRID = np.linspace(0, 1, 201)
N_RESAMPLES = 500


@dataclass(frozen=True)
class Contrast:
    """One class against the rest.

    Parameters
    ----------
    positive : array of shape (n_cases,)
    scores : array of shape (n_cases,)
    """

    label: int
    positive: BoolArray
    scores: FloatArray


def contrasts(labels: IntArray, probabilities: FloatArray) -> list[Contrast]:
    """Return the positive class against the rest, or each of several classes that have cases."""
    classes = scored_classes(labels, probabilities.shape[1])
    return [Contrast(int(k), labels == k, probabilities[:, k]) for k in classes]


def roc_points(contrast: Contrast) -> tuple[FloatArray, FloatArray]:
    """Return false and true positive rates."""
    fpr, tpr, _ = sklearn.metrics.roc_curve(contrast.positive, contrast.scores)
    return fpr, tpr


def precision_recall_points(contrast: Contrast) -> tuple[FloatArray, FloatArray]:
    """Return recalls, ascending from 0, and at each the best precision: the corners of the steps.

    scikit-learn's made-up point of precision 1 at recall 0 is left out; the first step begins at 0.
    """
    precision, recall, _ = sklearn.metrics.precision_recall_curve(contrast.positive, contrast.scores)
    precision, recall = precision[-2::-1], recall[-2::-1]
    found, starts = np.unique(recall, return_index=True)
    best = np.maximum.reduceat(precision, starts)
    reached = found > 0
    return np.append(0.0, found[reached]), np.append(best[reached][0], best[reached])


def macro_roc(several: list[Contrast]) -> tuple[FloatArray, FloatArray]:
    """Return `GRID` and the mean true positive rate of the contrasts there; one contrast keeps its own points."""
    if len(several) == 1:
        return roc_points(several[0])
    rates = np.mean([np.interp(GRID, *roc_points(contrast)) for contrast in several], axis=0)
    return np.append(0.0, GRID), np.append(0.0, rates)


def macro_precision_recall(several: list[Contrast]) -> tuple[FloatArray, FloatArray]:
    """Return recalls and the mean precision of the contrasts there; one contrast keeps its own points."""
    if len(several) == 1:
        return precision_recall_points(several[0])
    curves = [precision_recall_points(contrast) for contrast in several]
    return GRID, np.mean([np.interp(GRID, *points) for points in curves], axis=0)


def roc_band(several: list[Contrast], groups: npt.ArrayLike, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return the 2.5 and 97.5 percentiles of the (macro) true positive rate on `GRID`, groups drawn whole."""
    curves: list[FloatArray] = []
    for block in weight_blocks(groups, N_RESAMPLES, seed):
        rates = np.stack([_resampled_rates(contrast, block) for contrast in several])
        curves.append(np.nanmean(rates[:, ~np.isnan(rates).any(axis=(0, 2))], axis=0))
    low, high = np.quantile(np.concatenate(curves), [0.025, 0.975], axis=0)
    return low, high


def _resampled_rates(contrast: Contrast, weights: FloatArray) -> FloatArray:
    """Return the true positive rate on `GRID` of every resample, (r, n_grid); NaN without both classes."""
    order = np.argsort(-contrast.scores, kind="stable")
    last_of_ties = np.append(np.diff(contrast.scores[order]) != 0, True)
    drawn, positive = weights[:, order], contrast.positive[order]
    true = np.cumsum(drawn * positive, axis=1)[:, last_of_ties]
    false = np.cumsum(drawn * ~positive, axis=1)[:, last_of_ties]
    rates = np.full((len(weights), len(GRID)), np.nan)
    for row in np.flatnonzero((true[:, -1] > 0) & (false[:, -1] > 0)):
        x, y = np.append(0, false[row] / false[row, -1]), np.append(0, true[row] / true[row, -1])
        rates[row] = np.interp(GRID, x, y)
    return rates
