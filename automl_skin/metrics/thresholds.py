"""Operating points of a binary score: which threshold, and what it catches."""

import math

import numpy as np
import sklearn.metrics

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics.inputs import check_scores

_ROUNDING = 1e-9  # 1 - 0.9 is less than 0.1 in floating point; shares of cases are never this close


def threshold_at_sensitivity(labels: IntArray, scores: FloatArray, sensitivity: float) -> float:
    """Return the largest threshold at which ``scores >= threshold`` finds that share of the positives.

    Parameters
    ----------
    labels : array of shape (n_cases,)
        1 for the positive class, 0 otherwise.
    scores : array of shape (n_cases,)
    sensitivity : float
        In (0, 1]; reached or exceeded on these cases.
    """
    if not 0 < sensitivity <= 1:
        raise ConfigError(f"sensitivity: expected a value in (0, 1], got {sensitivity}")
    labels, scores = check_scores(labels, scores)
    descending = np.sort(scores[labels == 1])[::-1]
    return float(descending[math.ceil(sensitivity * len(descending) - _ROUNDING) - 1])


def sensitivity_at_specificity(labels: IntArray, scores: FloatArray, specificity: float = 0.95) -> float:
    """Return the largest sensitivity of a threshold that keeps at least that specificity.

    Only thresholds that exist count; nothing is interpolated.
    """
    if not 0 <= specificity <= 1:
        raise ConfigError(f"specificity: expected a value in [0, 1], got {specificity}")
    labels, scores = check_scores(labels, scores)
    fpr, tpr, _ = sklearn.metrics.roc_curve(labels, scores, drop_intermediate=False)
    return float(tpr[fpr <= 1 - specificity + _ROUNDING].max())


def confusion(labels: IntArray, decisions: IntArray, n_classes: int = 2) -> IntArray:
    """Return how many cases of each class (rows) got which decision (columns), (n_classes, n_classes)."""
    matrix: IntArray = sklearn.metrics.confusion_matrix(labels, decisions, labels=range(n_classes))
    return matrix.astype(np.int64, copy=False)
