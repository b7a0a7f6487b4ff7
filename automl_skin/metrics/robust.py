"""How good probabilities are at home and under shift, as one metric.

Symbols: s (n_rows,), the shift of each row: 0 for a case as it was photographed, 1 ... S for the same case under
one of S shifts. The robust value of a metric m is the mean of the metric at home and its mean under shift::

    robust = m(rows with s = 0) / 2 + (m(rows with s = 1) + ... + m(rows with s = S)) / (2 S)

Every shift counts alike, however many cases it was measured on.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.metrics.catalogue import Metric

AT_HOME = 0


def robust_mean(at_home: float, shifted: FloatArray) -> float:
    """Return the mean of a figure at home and of its mean under shift."""
    return (at_home + float(np.mean(shifted))) / 2


def robust_metric(metric: Metric, shift: IntArray) -> Metric:
    """Return the robust form of a metric for rows of these shifts; the metric itself where all are at home.

    Parameters
    ----------
    shift : ndarray of int of shape (n_rows,)
        Of the rows that the metric will be given, in their order.
    """
    blocks = [np.flatnonzero(shift == each) for each in np.unique(shift)]
    if len(blocks) == 1:
        return metric

    def function(labels: IntArray, probabilities: FloatArray) -> float:
        values = [metric.function(labels[rows], probabilities[rows]) for rows in blocks]
        return robust_mean(values[0], np.array(values[1:]))

    def resampled(labels: IntArray, probabilities: FloatArray, weights: FloatArray) -> FloatArray:
        values = [metric.on_resamples(labels[rows], probabilities[rows], weights[:, rows]) for rows in blocks]
        return np.asarray((values[0] + np.mean(values[1:], axis=0)) / 2)

    whole: Callable[[IntArray, FloatArray], float] = function
    maximised = (
        None
        if metric.rule is None
        else robust_metric(replace(metric.maximised, rule=None, smooth=None), shift)
    )
    return Metric(
        f"robust_{metric.name}",
        whole,
        metric.greater_is_better,
        resampled,
        rule=metric.rule,
        smooth=maximised,
        several_alone=metric.several_alone,
    )
