"""F1 of called classes, for one set of cases and for many resamples of it.

Symbols: n cases, C classes, r resamples; `called` (n, C), whether each class is called for each case. A class is called
where its probability is 0.5 or more (`call_at_half`), so that a case may be called several classes or none, as ISIC
challenges judge it, or where it is the largest (`call_largest`), so that each case is called one. Of a binary target
both are the same. F1 of a class is ``2 TP / (called + cases)``; a mean is over the classes that have cases.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.metrics.inputs import check_predictions, require_two_classes
from automl_skin.metrics.odds import log_odds

HALF = 0.5

RAMP = 0.25
"""Log-odds over which a smooth call goes from 0.5 to 0.73.

Chosen on simulated searches of 24 trials on 800 and 2,000 cases of 11 classes: the fold mean of hard calls ranks trials
as new cases do with a rank correlation of 0.947, of smooth ones with 0.963 (0.965 at 0.5, but lower figures), and the
chosen trial is 0.0024 below the best instead of 0.0040.
"""


def call_at_half(probabilities: FloatArray) -> BoolArray:
    """Return which classes have a probability of 0.5 or more, shape (n_cases, n_classes)."""
    if probabilities.shape[1] == 2:  # binary: one class each, the positive one at 0.5
        positive = probabilities[:, 1] >= HALF
        return np.column_stack([~positive, positive])
    return np.asarray(probabilities >= HALF)


def call_smoothly(probabilities: FloatArray) -> FloatArray:
    """Return `call_at_half` with a ramp in the place of the jump, shape (n_cases, n_classes).

    A case near 0.5 counts in part, so that a search is not led by which side of it single cases of rare classes are on.
    """
    return np.asarray(expit(log_odds(probabilities) / RAMP))


def call_largest(probabilities: FloatArray) -> BoolArray:
    """Return which class has the largest probability, the first of equals, shape (n_cases, n_classes)."""
    return one_per_case(probabilities.argmax(axis=1), probabilities.shape[1])


def one_per_case(decisions: IntArray, n_classes: int) -> BoolArray:
    """Return decisions of shape (n_cases,) as called classes."""
    return np.asarray(np.eye(n_classes, dtype=np.bool_)[decisions])


def class_f1(
    labels: IntArray, called: BoolArray | FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Return the F1 of every class; NaN for one without cases.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    called : array of shape (n_cases, n_classes)
        Whether each class is called, or how much.
    weights : array of shape (n_resamples, n_cases), optional
        How often each case was drawn; without it all cases once.

    Returns
    -------
    array of shape (n_resamples, n_classes)
        One row without `weights`.
    """
    drawn = np.ones((1, len(labels))) if weights is None else weights
    members = np.eye(called.shape[1])[labels]
    cases = drawn @ members
    shares = called.astype(np.float64)
    both = drawn @ shares + cases
    values = np.full(cases.shape, np.nan)
    np.divide(2 * (drawn @ (members * shares)), both, out=values, where=cases > 0)
    return values


Call = Callable[[FloatArray], BoolArray | FloatArray]
"""Probabilities in, called classes out."""


def macro_f1(labels: IntArray, probabilities: FloatArray, call: Call = call_at_half) -> float:
    """Return the mean F1 over the classes that have cases."""
    return _once(resampled_macro_f1, labels, probabilities, call)


def weighted_f1(labels: IntArray, probabilities: FloatArray, call: Call = call_at_half) -> float:
    """Return the mean F1, each class weighted by its cases."""
    return _once(resampled_weighted_f1, labels, probabilities, call)


def binary_f1(labels: IntArray, probabilities: FloatArray, call: Call = call_at_half) -> float:
    """Return the F1 of the positive class of a binary target."""
    return _once(resampled_binary_f1, labels, probabilities, call)


def resampled_macro_f1(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray, call: Call = call_at_half
) -> FloatArray:
    """Return `macro_f1` of every resample, shape (n_resamples,); NaN where fewer than two classes are left."""
    values = class_f1(labels, call(probabilities), weights)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(count > 1, np.where(known, values, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def resampled_weighted_f1(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray, call: Call = call_at_half
) -> FloatArray:
    """Return `weighted_f1` of every resample, shape (n_resamples,)."""
    values = class_f1(labels, call(probabilities), weights)
    cases = weights @ np.eye(probabilities.shape[1])[labels]
    shares = cases / np.maximum(cases.sum(axis=1, keepdims=True), 1)
    several = (cases > 0).sum(axis=1) > 1
    return np.where(several, np.nansum(values * shares, axis=1), np.nan)


def resampled_binary_f1(
    labels: IntArray, probabilities: FloatArray, weights: FloatArray, call: Call = call_at_half
) -> FloatArray:
    """Return `binary_f1` of every resample, shape (n_resamples,).

    Raises
    ------
    InputError
        If there are several classes.
    """
    require_binary(probabilities.shape[1])
    values = class_f1(labels, call(probabilities), weights)
    return np.where(np.isnan(values[:, 0]), np.nan, values[:, 1])


def require_binary(n_classes: int) -> None:
    """Refuse the F1 of several classes, of which none is the positive one.

    Raises
    ------
    InputError
    """
    if n_classes != 2:  # one positive class
        raise InputError(
            f"metric f1: expected a binary target, got {n_classes} classes; take macro_f1 or weighted_f1, or name "
            "positive values by --positive"
        )


def _once(
    resampled: Callable[[IntArray, FloatArray, FloatArray, Call], FloatArray],
    labels: IntArray,
    probabilities: FloatArray,
    call: Call,
) -> float:
    """Return the value on all cases once."""
    labels, probabilities = check_predictions(labels, probabilities)
    require_two_classes(labels)
    return float(resampled(labels, probabilities, np.ones((1, len(labels))), call)[0])
