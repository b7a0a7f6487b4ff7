"""Decisions chosen inside: a threshold or a weight per class, fitted on out-of-fold probabilities.

Symbols: p (n, C) calibrated probabilities; t (C,) thresholds, class k is called where p_k >= t_k; F_k its F1.

Called at 0.5, classes do not compete, so that the mean of the F_k is the best where each F_k is: one sort per class
tries every threshold. The best threshold on few positives is mostly luck. Labels are therefore shrunk towards what the
calibrated probabilities expect: with m_k the cases of class k and ``l = PRIOR / (PRIOR + m_k)``, F_k is measured on
``(1 - l) [y = k] + l p_k``. At l = 1 it is the expected F1 of calibrated probabilities, whose best threshold is half of
the best F1 (Lipton, Elkan & Naryanaswamy 2014, "Optimal thresholding of classifiers to maximize F1 measure").

Folded back, the probability crosses 0.5 where the decision does: ``logit q_k = logit p_k - logit t_k``, an increasing
map per class, after which the q_k of a case need not sum to 1. Where the largest is called, p_k is divided by t_k (of a
mean F1) or by the class's share (of a balanced accuracy: the Bayes rule of calibrated probabilities) and rows are
divided by their sum. Weights by coordinate ascent on the same shrunk labels were tried and are no better: simulated,
balanced accuracy 0.469 against 0.474 and macro F1 0.409 against 0.405.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from automl_skin.arrays import FloatArray, IntArray, normalise_rows
from automl_skin.metrics.odds import log_odds
from automl_skin.metrics.ranking import class_priors

PRIOR = 40
"""Cases of a class whose labels count as much as the probabilities' own expectation.

Chosen on simulated studies of 11 classes with 2 to 1,600 cases each (0 to 80 and infinity tried): with 0 the macro F1
on new cases is 0.385 at 700 cases and 0.424 at 3,400, with 40 it is 0.403 and 0.425.
"""

MIN_THRESHOLD = 1e-4

Rule = Callable[[IntArray, FloatArray], Callable[[FloatArray], FloatArray]]
"""Labels and probabilities in, the map from probabilities to decided ones out."""


def fit_thresholds(labels: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return the threshold of each class for the best F1 of each, shape (n_classes,).

    Of a binary target there is one decision: the thresholds are 1 - t and t, with the best mean F1 of both classes.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
        Calibrated, of cases that did not fit them.
    """
    descending, values = _f1_by_threshold(labels, probabilities)
    if (
        probabilities.shape[1] == 2
    ):  # binary: where the i most positive cases are called, the n - i others are negative
        negative = np.append(values[0, ::-1][1:], 0.0)
        return _binary(_cut(descending[1], (values[1] + negative) / 2))
    return np.array([_cut(*each) for each in zip(descending, values, strict=True)])


def fit_positive_threshold(labels: IntArray, probabilities: FloatArray) -> FloatArray:
    """Return 1 - t and t of a binary target, with the best F1 of the positive class."""
    descending, values = _f1_by_threshold(labels, probabilities)
    return _binary(_cut(descending[1], values[1]))


def fold_back(probabilities: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return probabilities that cross 0.5 at the thresholds, shape (n_cases, n_classes)."""
    return np.asarray(expit(log_odds(probabilities) - log_odds(thresholds)))


def reweigh(probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """Return probabilities times the weights of their classes, rows divided by their sum."""
    return normalise_rows(probabilities * weights)


def fit_share_weights(labels: IntArray, n_classes: int) -> FloatArray:
    """Return one over each class's share of the cases; 0 for a class without any."""
    shares = class_priors(labels, n_classes)
    weights = np.zeros(n_classes)
    np.divide(1.0, shares, out=weights, where=shares > 0)
    return weights


def by_thresholds(labels: IntArray, probabilities: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Fit the thresholds of the F1 of each class; return the map that folds them back."""
    thresholds = fit_thresholds(labels, probabilities)
    return lambda p: fold_back(p, thresholds)


def by_positive_threshold(labels: IntArray, probabilities: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Fit the threshold of the positive class's F1; return the map that folds it back."""
    thresholds = fit_positive_threshold(labels, probabilities)
    return lambda p: fold_back(p, thresholds)


def by_f1_weights(labels: IntArray, probabilities: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Fit the weights of a mean F1 by the largest; return the map that applies them."""
    weights = 1.0 / fit_thresholds(labels, probabilities)
    return lambda p: reweigh(p, weights)


def by_share_weights(labels: IntArray, probabilities: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Fit the weights of a balanced accuracy; return the map that applies them."""
    weights = fit_share_weights(labels, probabilities.shape[1])
    return lambda p: reweigh(p, weights)


def _f1_by_threshold(labels: IntArray, probabilities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each class's probabilities, descending, and its shrunk F1 where it is called from each of them on.

    Both of shape (n_classes, n_cases): the search sorts often, and rows are sorted faster.
    """
    by_class = np.ascontiguousarray(probabilities.T)
    order = np.argsort(-by_class, axis=1)  # equal ones in any order: they are called together
    descending = np.take_along_axis(by_class, order, axis=1)
    hits = labels[order] == np.arange(len(by_class))[:, None]
    share = (PRIOR / (PRIOR + hits.sum(axis=1)))[:, None]
    expected = np.cumsum((1 - share) * hits + share * descending, axis=1)
    called = np.arange(1, len(labels) + 1)
    return descending, 2 * expected / (called + expected[:, -1:])


def _cut(descending: FloatArray, values: FloatArray) -> float:
    """Return the threshold half way below the best place; equal probabilities are called together."""
    below = np.append(descending[1:], 0.0)
    best = int(np.where(below < descending, values, -1.0).argmax())
    return float(np.clip((descending[best] + below[best]) / 2, MIN_THRESHOLD, 1 - MIN_THRESHOLD))


def _binary(positive: float) -> FloatArray:
    return np.array([1 - positive, positive])
