"""The metrics of `ranking` on many resamples at once: cases weighted by how often they were drawn.

Symbols: n cases, r resamples, `weights` of shape (r, n) with the number of times that each case is in
each resample. A weight of 2 is the case twice and 0 is the case left out, exactly, ties included. Scores
are sorted once for all resamples, the rest is cumulative sums. Every function returns shape (r,); a
resample in which nothing can be ranked (one class only) gives NaN. Several classes: macro over the
classes that have cases in that resample.
"""

from collections.abc import Callable

import numpy as np

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.ranking import (
    case_brier,
    case_log_loss,
    check_min_tpr,
    class_priors,
    decide,
    scored_classes,
)

_OneClass = Callable[[BoolArray, FloatArray, FloatArray], FloatArray]


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Divide, NaN where the bottom is 0."""
    quotient = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=quotient, where=bottom > 0)
    return quotient


def _mean_of_present(values: FloatArray) -> FloatArray:
    """Average over the first axis what is not NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))


def _macro(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray, one_class: _OneClass
) -> FloatArray:
    # Columns of resamples: picking cases then copies contiguous rows.
    by_case = np.ascontiguousarray(weights.T, dtype=np.float64)
    classes = scored_classes(labels, probabilities.shape[1])
    return _mean_of_present(np.stack([one_class(labels == k, probabilities[:, k], by_case) for k in classes]))


def _auc(positive: BoolArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Mann-Whitney: each positive beats the negatives below it and half of those equal to it."""
    ascending = np.flatnonzero(~positive)[np.argsort(scores[~positive], kind="stable")]
    below = np.zeros((len(ascending) + 1, weights.shape[1]))
    np.cumsum(weights[ascending], axis=0, out=below[1:])
    lower = np.searchsorted(scores[ascending], scores[positive], side="left")
    upper = np.searchsorted(scores[ascending], scores[positive], side="right")
    drawn = weights[positive]
    wins = np.einsum("ir,ir->r", drawn, below[lower])
    tied = upper > lower
    wins += np.einsum("ir,ir->r", drawn[tied], below[upper[tied]] - below[lower[tied]]) / 2
    return _ratio(wins, drawn.sum(axis=0) * below[-1])


def _counts_by_threshold(
    positive: BoolArray, scores: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return true and false positives, (n_thresholds + 1, r) each, from the highest threshold down."""
    descending = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.append(np.diff(scores[descending]) != 0, True))
    found = np.zeros((2, len(last_of_ties) + 1, weights.shape[1]))
    for side, counted in enumerate((positive, ~positive)):
        cases = weights[descending] * counted[descending, None]
        found[side, 1:] = np.cumsum(cases, axis=0)[last_of_ties]
    return found[0], found[1]


def _average_precision(positive: BoolArray, scores: FloatArray, weights: FloatArray) -> FloatArray:
    true, false = _counts_by_threshold(positive, scores, weights)
    called = true[1:] + false[1:]
    precision = np.divide(true[1:], called, out=np.zeros_like(called), where=called > 0)
    value = _ratio((np.diff(true, axis=0) * precision).sum(axis=0), true[-1])
    return np.where(false[-1] > 0, value, np.nan)


def _partial_auc(positive: BoolArray, scores: FloatArray, weights: FloatArray, min_tpr: float) -> FloatArray:
    true, false = _counts_by_threshold(positive, scores, weights)
    tpr = _ratio(true, np.broadcast_to(true[-1], true.shape))
    fpr = _ratio(false, np.broadcast_to(false[-1], false.shape))
    start, end = np.maximum(tpr[:-1], min_tpr), np.maximum(tpr[1:], min_tpr)
    # A tie is a slanted piece of the curve; what of it lies above the bound is a trapezium.
    rise = np.diff(tpr, axis=0)
    share = np.divide(start - tpr[:-1], rise, out=np.zeros_like(rise), where=rise > 0)
    fpr_at_start = fpr[:-1] + share * np.diff(fpr, axis=0)
    return np.asarray(((end - start) * (1 - (fpr_at_start + fpr[1:]) / 2)).sum(axis=0), dtype=np.float64)


def weighted_auc(labels: IntArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the AUC of every resample, shape (r,); see `ranking.macro_auc`."""
    return _macro(labels, probabilities, weights, _auc)


def weighted_average_precision(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the average precision of every resample, shape (r,)."""
    return _macro(labels, probabilities, weights, _average_precision)


def weighted_partial_auc(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray, min_tpr: float = 0.8
) -> FloatArray:
    """Return the area above `min_tpr` of every resample, shape (r,); see `ranking.partial_auc`."""
    check_min_tpr(min_tpr)
    return _macro(labels, probabilities, weights, lambda y, s, w: _partial_auc(y, s, w, min_tpr))


def weighted_balanced_accuracy(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the balanced accuracy of every resample, shape (r,).

    The decisions are made once, with the priors of all cases: the rule is part of what is measured and is
    not learnt again in each resample.
    """
    n_classes = probabilities.shape[1]
    return _mean_recall(labels, decide(probabilities, class_priors(labels, n_classes)), n_classes, weights)


def weighted_recall_of_largest(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the mean recall of the largest probability on every resample, shape (r,)."""
    return _mean_recall(labels, probabilities.argmax(axis=1), probabilities.shape[1], weights)


def _mean_recall(labels: IntArray, decisions: IntArray, n_classes: int, weights: FloatArray) -> FloatArray:
    members = np.eye(n_classes)[labels]
    recalls = _ratio((weights @ (members * (decisions == labels)[:, None])).T, (weights @ members).T)
    several = (~np.isnan(recalls)).sum(axis=0) > 1
    return np.where(several, _mean_of_present(recalls), np.nan)


def weighted_log_loss(labels: IntArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the log loss of every resample, shape (r,)."""
    return _ratio(weights @ case_log_loss(labels, probabilities), weights.sum(axis=1, dtype=np.float64))


def weighted_brier(labels: IntArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the Brier score of every resample, shape (r,)."""
    return _ratio(weights @ case_brier(labels, probabilities), weights.sum(axis=1, dtype=np.float64))
