"""What choosing the best of many trials does to its figure, and who is tied with it.

The best of 200 out-of-fold figures is an overestimate even if each is honest. BBC-CV (Tsamardinos,
Greasidou & Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and accurate
cross-validation", Machine Learning 107) repeats the choice on resamples of the out-of-fold predictions
and looks at the chosen trial on the cases that were not drawn. Deviation from the paper: groups are
drawn, not cases, so that no lesion is on both sides.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.metrics.catalogue import METRICS, Metric
from automl_skin.metrics.inputs import check_predictions, group_codes
from automl_skin.metrics.intervals import Interval, central_range, weight_blocks


@dataclass(frozen=True)
class CorrectedBest:
    """The best trial's figure before and after the correction for having been chosen.

    Parameters
    ----------
    best : int
        Position of the best trial; the first of equals.
    naive : float
        Its value on all cases.
    corrected : float
        Mean value of the chosen trial on the cases that were not drawn.
    interval : Interval
        `corrected` with the percentiles of those values. They are of about 37 % of the groups each,
        which makes the interval wider than one of all cases.
    bias : float
        By how much the naive figure is too good: above 0 is optimism, for losses too.
    """

    best: int
    naive: float
    corrected: float
    interval: Interval
    bias: float


def check_trials(
    labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike
) -> tuple[IntArray, FloatArray]:
    """Return labels and (n_trials, n_cases, n_classes) probabilities, checked.

    Raises
    ------
    InputError
        If there is no trial, or one lacks finite probabilities for some cases.
    """
    trials = np.asarray(probabilities, dtype=np.float64)
    if trials.ndim != 3 or not len(trials):  # three axes
        raise InputError(
            "probabilities: expected shape (n_trials >= 1, n_cases, n_classes), finished trials only, "
            f"got {trials.shape}"
        )
    for trial in trials:
        labels, _ = check_predictions(labels, trial)
    group_codes(groups, len(labels))
    return labels, trials


def _utilities(metric: Metric, labels: IntArray, trials: FloatArray, weights: FloatArray) -> FloatArray:
    """Return every trial's utility on every resample, (n_trials, n_resamples)."""
    return metric.sign * np.stack([metric.on_resamples(labels, trial, weights) for trial in trials])


def bbc_cv(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    metric: Metric = METRICS["auc"],
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> CorrectedBest:
    """Correct the figure of the best trial for the choice among all of them.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_trials, n_cases, n_classes)
        Out-of-fold probabilities of every finished trial, pooled over the folds.
    groups : array of shape (n_cases,)
    metric : Metric
        What the choice is made by.
    n_resamples, seed
        As in `metric_interval`.
    """
    labels, trials = check_trials(labels, probabilities, groups)
    values = [
        _chosen_on_undrawn(metric, labels, trials, block)
        for block in weight_blocks(groups, n_resamples, seed)
    ]
    undrawn = metric.sign * np.concatenate(values)
    best, naive = _best(metric, labels, trials)
    low, high = central_range(undrawn)
    corrected = float(np.nanmean(undrawn))
    bias = metric.sign * (naive - corrected)
    return CorrectedBest(best, naive, corrected, Interval(corrected, low, high), bias)


def _best(metric: Metric, labels: IntArray, trials: FloatArray) -> tuple[int, float]:
    values = np.array([metric.function(labels, trial) for trial in trials])
    best = int(np.argmax(metric.sign * values))
    return best, float(values[best])


def _chosen_on_undrawn(
    metric: Metric, labels: IntArray, trials: FloatArray, weights: FloatArray
) -> FloatArray:
    """Choose on what was drawn, return the utility on what was not; NaN where either is not defined."""
    drawn = _utilities(metric, labels, trials, weights)
    chosen = np.where(np.isnan(drawn), -np.inf, drawn).argmax(axis=0)
    values = np.full(len(weights), np.nan)
    for trial in np.unique(chosen):
        at = np.flatnonzero((chosen == trial) & ~np.isnan(drawn[trial]))
        left_out = (weights[at] == 0).astype(np.float64)
        values[at] = metric.sign * metric.on_resamples(labels, trials[trial], left_out)
    return values


def tied_with_best(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    metric: Metric = METRICS["auc"],
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> BoolArray:
    """Say of each trial whether the paired interval of its difference to the best contains 0.

    Parameters
    ----------
    probabilities : array of shape (n_trials, n_cases, n_classes)

    Returns
    -------
    array of bool, shape (n_trials,)
        True for the best itself.
    """
    labels, trials = check_trials(labels, probabilities, groups)
    best, _ = _best(metric, labels, trials)
    blocks = weight_blocks(groups, n_resamples, seed)
    utilities = np.concatenate([_utilities(metric, labels, trials, block) for block in blocks], axis=1)
    differences = utilities - utilities[best]
    ranges = [central_range(row) for row in differences]
    return np.array([low <= 0 <= high for low, high in ranges], dtype=np.bool_)
