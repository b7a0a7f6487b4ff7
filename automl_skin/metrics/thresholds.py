"""Operating points of a binary score: which threshold, what it promises, and what it catches.

The threshold of a sensitivity is conformal over groups. Let n be the groups with positive cases and R(t) the mean, over
them, of the share of a group's positive cases that score below t. Conformal risk control (Angelopoulos et al. 2022,
eq. 4) takes the largest t at which ``(n R(t) + 1) / (n + 1) <= 1 - sensitivity``; the sensitivity on a new group is
then at least what was asked, on average over studies. With a confidence it is a tolerance bound instead: the largest t
at which a binomial variable of n draws with the rate ``1 - sensitivity`` is ``n R(t)`` or less no more often than
``1 - confidence``. That is exact where each group has one positive case (Wilks 1941); with 1 to 6 of a group, whatever
their correlation, it was simulated to err on the safe side.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.stats
import sklearn.metrics

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import ConfigError
from automl_skin.metrics.inputs import check_scores

_ROUNDING = 1e-9  # 1 - 0.9 is less than 0.1 in floating point; shares of cases are never this close


def promised_thresholds(
    labels: IntArray,
    scores: FloatArray,
    groups: npt.ArrayLike,
    sensitivities: Sequence[float],
    confidence: float | None = None,
) -> FloatArray:
    """Return, for each sensitivity, the largest threshold whose ``scores >= threshold`` promises it of new groups.

    Where the positive groups are too few to promise it (`needed_groups`) it is the lowest score of a positive case.

    Parameters
    ----------
    labels : array of shape (n_cases,)
        1 for the positive class, 0 otherwise.
    scores : array of shape (n_cases,)
    groups : array of shape (n_cases,)
    sensitivities : sequence of float
        Each in (0, 1).
    confidence : float, optional
        In (0, 1): of a tolerance bound; without it the promise is of the average.

    Returns
    -------
    array of shape (n_sensitivities,)
    """
    labels, scores = check_scores(labels, scores)
    _, group, sizes = np.unique(
        np.asarray(groups)[labels == 1].astype(str), return_inverse=True, return_counts=True
    )
    order = np.argsort(scores[labels == 1])
    positive = scores[labels == 1][order]
    shares = 1.0 / sizes[group][order]
    below = np.append(0.0, np.cumsum(shares))[np.searchsorted(positive, positive)]  # n R(t) at each positive
    allowed = [allowed_misses(len(sizes), wanted, confidence) for wanted in sensitivities]
    last = np.searchsorted(below, np.maximum(allowed, 0.0) + _ROUNDING, side="right") - 1
    chosen: FloatArray = positive[last]
    return chosen


def allowed_misses(n_groups: int, sensitivity: float, confidence: float | None = None) -> float:
    """Return how many of the positive groups may be missed, in shares of groups; below 0 where none would be too many.

    Examples
    --------
    >>> round(allowed_misses(60, 0.95), 6), allowed_misses(60, 0.95, 0.95), allowed_misses(20, 0.95, 0.95)
    (2.05, 0.0, -1.0)
    """
    for name, value in (("sensitivity", sensitivity), ("confidence", confidence)):
        if value is not None and not 0 < value < 1:
            raise ConfigError(f"{name}: expected a value between 0 and 1, got {value}")
    if confidence is None:
        return (1 - sensitivity) * (n_groups + 1) - 1 + _ROUNDING
    counts = np.arange(n_groups + 1)
    chances = scipy.stats.binom.cdf(counts, n_groups, 1 - sensitivity)
    return float(np.searchsorted(chances, 1 - confidence + _ROUNDING, side="right") - 1)


def needed_groups(sensitivity: float, confidence: float | None = None) -> int:
    """Return the positive groups without which nothing can be promised of a sensitivity.

    Examples
    --------
    >>> needed_groups(0.95), needed_groups(0.99), needed_groups(0.95, 0.95)
    (19, 99, 59)
    """
    if confidence is None:
        return math.ceil(sensitivity / (1 - sensitivity) - _ROUNDING)
    return math.ceil(math.log(1 - confidence) / math.log(sensitivity) - _ROUNDING)


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
