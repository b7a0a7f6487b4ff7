"""The folds of out-of-fold probabilities, and how good these are on each.

The figure that a search maximises, and by which its best trial is chosen, is the mean over the folds of the study's
metric (or of its robust form). Everything that speaks of the best trial gets it from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import Metric
from automl_skin.metrics.robust import robust_metric


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
    """

    rows: IntArray
    labels: IntArray
    metric: Metric

    def utility(self, probabilities: FloatArray) -> float:
        """Return the metric on this fold of probabilities of shape (n_all_rows, n_classes), greater is better."""
        return self.metric.utility(self.labels, probabilities[self.rows])

    def utilities(self, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
        """Return the same on every resample; NaN where it is not defined.

        Parameters
        ----------
        probabilities : ndarray of shape (n_all_rows, n_classes)
        weights : ndarray of shape (n_resamples, n_rows)
            Of the fold's rows alone.
        """
        return self.metric.sign * self.metric.on_resamples(self.labels, probabilities[self.rows], weights)


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
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        on_fold = metric if shift is None else robust_metric(metric, shift[rows])
        parts.append(Fold(rows, labels[rows], on_fold))
    return parts


def fold_utilities(folds: Sequence[Fold], probabilities: FloatArray) -> tuple[float, ...]:
    """Return the metric on each fold of probabilities of shape (n_rows, n_classes), greater is better."""
    return tuple(fold.utility(probabilities) for fold in folds)
