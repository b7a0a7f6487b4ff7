"""Net benefit of acting on a probability, the ordinate of a decision curve (Vickers & Elkin 2006).

Who treats from a threshold t on holds a false positive to cost t / (1 - t) of what a true positive is worth.
"""

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.metrics.inputs import check_scores


def net_benefit(labels: IntArray, scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return the net benefit of treating every case whose probability reaches a threshold.

    It is TP / n - FP / n * t / (1 - t), in true positives per case; treating none has 0.

    Parameters
    ----------
    labels : array of shape (n_cases,)
        1 for the positive class, 0 otherwise.
    scores : array of shape (n_cases,)
        Probabilities of the positive class.
    thresholds : array of shape (n_thresholds,)
        Each in (0, 1).

    Returns
    -------
    array of shape (n_thresholds,)

    Examples
    --------
    >>> net_benefit(np.array([1, 0, 0, 0]), np.array([0.9, 0.6, 0.2, 0.1]), np.array([0.5]))
    array([0.])
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if not ((thresholds > 0) & (thresholds < 1)).all():
        raise InputError(f"thresholds of a decision curve: expected values in (0, 1), got {thresholds}")
    labels, scores = check_scores(labels, scores)
    treated = scores[None, :] >= thresholds[:, None]
    benefit = (treated & (labels == 1)).mean(axis=1)
    harm = (treated & (labels == 0)).mean(axis=1)
    return np.asarray(benefit - harm * thresholds / (1 - thresholds))
