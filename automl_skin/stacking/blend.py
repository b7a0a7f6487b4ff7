"""How the members of a stack become one probability, for one fold.

Symbols: P (n_members, n_cases, n_classes), the members' calibrated probabilities; w (n_members,), weights
that sum to 1. ``average``: sum of w P. ``rank``: each member's P as positions in its own out-of-fold
distribution, averaged by w, rows divided by their sum. ``logistic``: a logistic regression on the members' logits
(Wolpert 1992; on logits as in Ting & Witten 1999).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from automl_skin.arrays import FloatArray, IntArray, normalise_rows
from automl_skin.chains.calibration import LOGIT_BOUND, logit
from automl_skin.chains.ranks import rank_positions

Rule = Literal["average", "rank", "logistic"]

LOGISTIC_C = 0.01
"""Inverse L2 strength of the logistic rule: members correlate above 0.9, and weak shrinkage overfits them."""


@dataclass(frozen=True)
class Blend:
    """Members and how they are combined.

    Parameters
    ----------
    rule : {"average", "rank", "logistic"}
    members : tuple of int
        Numbers of the trials.
    weights : tuple of float, of length n_members
        For a logistic rule, for display: the share of each member in the coefficients' size.
    coefficients : tuple of tuple of float
        Of the logistic rule, one tuple per class with the intercept last; empty otherwise.
    """

    rule: Rule
    members: tuple[int, ...]
    weights: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...] = ()

    def apply(self, probabilities: FloatArray, references: FloatArray | None = None) -> FloatArray:
        """Combine members row by row.

        Parameters
        ----------
        probabilities : ndarray of shape (n_members, n_cases, n_classes)
            In the order of `members`.
        references : ndarray of shape (n_members, n_reference, n_classes)
            Sorted out-of-fold probabilities of the members; needed by the rule ``rank``.

        Returns
        -------
        ndarray of shape (n_cases, n_classes)
        """
        if self.rule == "logistic":
            return self._logistic(probabilities)
        if self.rule == "rank":
            assert references is not None
            probabilities = rank_positions(probabilities, references)
        summed = np.zeros(probabilities.shape[1:])
        for weight, member in zip(self.weights, probabilities, strict=True):
            summed += weight * member
        return normalise_rows(summed)

    def _logistic(self, probabilities: FloatArray) -> FloatArray:
        columns = _logit_columns(probabilities)
        scores = np.zeros((probabilities.shape[1], probabilities.shape[2]))
        first = probabilities.shape[2] - len(self.coefficients)  # a binary rule has the positive class alone
        coefficients = np.array(self.coefficients)
        scores[:, first:] = columns @ coefficients[:, :-1].T + coefficients[:, -1]
        return np.asarray(softmax(scores, axis=1))


def fit_logistic(
    members: tuple[int, ...],
    probabilities: FloatArray,
    labels: IntArray,
    weights: FloatArray | None = None,
) -> Blend:
    """Fit the logistic rule on out-of-fold probabilities of shape (n_members, n_rows, n_classes).

    `weights`, of shape (n_rows,), are those of the rows; without them all count alike.
    """
    model = LogisticRegression(C=LOGISTIC_C, max_iter=2000)
    model.fit(_logit_columns(probabilities), labels, weights)
    coefficients = _of_all_classes(model, probabilities.shape[2])
    size = np.abs(model.coef_).reshape(len(model.coef_), -1, len(members)).sum(axis=(0, 1))
    rows = tuple(tuple(float(value) for value in row) for row in coefficients)
    return Blend("logistic", members, tuple(float(share) for share in size / size.sum()), rows)


def _of_all_classes(model: LogisticRegression, n_classes: int) -> FloatArray:
    """Return the coefficients with the intercept last; a class without rows is as good as never answered."""
    fitted = np.column_stack([model.coef_, model.intercept_])
    if n_classes == 2 or len(fitted) == n_classes:  # binary, or every class has rows
        return fitted
    if len(fitted) == 1:  # two of several classes have rows
        fitted = np.vstack([np.zeros_like(fitted), fitted])
    whole = np.zeros((n_classes, fitted.shape[1]))
    whole[:, -1] = -LOGIT_BOUND
    whole[model.classes_] = fitted
    return whole


def _logit_columns(probabilities: FloatArray) -> FloatArray:
    """Return the members' logits as columns: the positive class of a binary target, else every class.

    Returns
    -------
    ndarray of shape (n_cases, n_members) or (n_cases, n_classes * n_members)
    """
    logits = logit(probabilities)
    if logits.shape[2] == 2:  # a binary target
        return np.asarray(logits[:, :, 1].T)
    return np.asarray(logits.transpose(1, 2, 0).reshape(logits.shape[1], -1))
