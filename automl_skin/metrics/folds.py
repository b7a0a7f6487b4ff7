"""The folds of out-of-fold probabilities, and how good these are on each.

The figure that a search maximises, and by which its best trial is chosen, is the mean over the folds of the study's
metric (or of its robust form). Everything that speaks of the best trial gets it from here.

Where the metric judges decisions that are fitted (`automl_skin.metrics.decisions`), those of a fold are fitted on the
other folds that have probabilities, so that the figure is nested. On resamples they stay as they are: the rule is part
of what is measured. The first fold of a search alone has no others and fits its own, as its calibration is; that
flatters a trial which might be stopped, and none that finished.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import Metric
from automl_skin.metrics.robust import AT_HOME, robust_metric


@dataclass(frozen=True)
class Fold:
    """Rows that one chain was measured on.

    Parameters
    ----------
    rows : ndarray of int of shape (n_rows,)
        Their positions.
    labels : ndarray of int of shape (n_rows,)
    metric : Metric
        What is maximised on these rows.
    others, other_labels : ndarray of int of shape (n_others,)
        Rows of the other folds at home, on which decisions are fitted, and their labels.
    """

    rows: IntArray
    labels: IntArray
    metric: Metric
    others: IntArray
    other_labels: IntArray

    def utility(self, probabilities: FloatArray) -> float:
        """Return the metric on this fold of probabilities of shape (n_all_rows, n_classes), greater is better."""
        metric, decide = self.decisions(probabilities)
        return metric.utility(self.labels, decide(probabilities[self.rows]))

    def utilities(self, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the same on every resample; NaN where it is not defined.

        Parameters
        ----------
        probabilities : ndarray of shape (n_all_rows, n_classes)
        weights : ndarray of shape (n_resamples, n_rows)
            Of the fold's rows alone.
        """
        metric, decide = self.decisions(probabilities)
        return metric.sign * metric.on_resamples(self.labels, decide(probabilities[self.rows]), weights)

    def decisions(self, probabilities: FloatArray) -> tuple[Metric, Callable[[FloatArray], FloatArray]]:
        """Return the metric of decided probabilities, and the map that decides, fitted on the other folds.

        Parameters
        ----------
        probabilities : ndarray of shape (n_all_rows, n_classes)
            Rows of folds that are not there yet hold NaN.
        """
        rule = self.metric.rule_for(probabilities.shape[1])
        if rule is None:
            return self.metric, _as_they_are
        known = np.isfinite(probabilities[self.others]).all(axis=1)
        if known.any():
            decide = rule(self.other_labels[known], probabilities[self.others[known]])
        else:
            decide = rule(self.labels, probabilities[self.rows])
        return self.metric.maximised, decide


def _as_they_are(probabilities: FloatArray) -> FloatArray:
    return probabilities


def split_by_fold(
    labels: IntArray, folds: IntArray, metric: Metric, shift: IntArray | None = None
) -> list[Fold]:
    """Return the folds that are there, in their order.

    Parameters
    ----------
    labels, folds : ndarray of int of shape (n_rows,)
    shift : ndarray of int of shape (n_rows,), optional
        See `automl_skin.metrics.robust`; without it all rows are at home.
    """
    parts = []
    at_home = np.ones(len(folds), np.bool_) if shift is None else shift == AT_HOME
    for fold in np.unique(folds):
        rows, others = np.flatnonzero(folds == fold), np.flatnonzero((folds != fold) & at_home)
        on_fold = metric if shift is None else robust_metric(metric, shift[rows])
        parts.append(Fold(rows, labels[rows], on_fold, others, labels[others]))
    return parts


def decide_nested(folds: Sequence[Fold], probabilities: FloatArray) -> FloatArray:
    """Return probabilities of shape (n_rows, n_classes), each fold decided by what the others fitted."""
    decided = probabilities.copy()
    for fold in folds:
        _, decide = fold.decisions(probabilities)
        decided[fold.rows] = decide(probabilities[fold.rows])
    return decided


def fold_utilities(folds: Sequence[Fold], probabilities: FloatArray) -> tuple[float, ...]:
    """Return the metric on each fold of probabilities of shape (n_rows, n_classes), greater is better."""
    return tuple(fold.utility(probabilities) for fold in folds)
