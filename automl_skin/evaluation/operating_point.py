"""Operating points: thresholds with what they reach on cases that did not choose them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.evaluation.resampling import rate_intervals
from automl_skin.metrics.inputs import check_predictions, require_two_classes
from automl_skin.metrics.thresholds import threshold_at_sensitivity


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold and what it reached on out-of-fold rows whose labels it was not chosen on.

    Parameters
    ----------
    wanted : float
        The sensitivity asked for.
    threshold : float
        Probabilities from here on are positive decisions; chosen on all out-of-fold rows.
    sensitivity, sensitivity_low, sensitivity_high, specificity : float
        Cross-fitted: each fold is measured at the threshold that the other folds choose. The interval
        is a group bootstrap's.
    """

    wanted: float
    threshold: float
    sensitivity: float
    sensitivity_low: float
    sensitivity_high: float
    specificity: float


def cross_fitted_operating_points(
    labels: IntArray,
    probabilities: FloatArray,
    folds: IntArray,
    groups: npt.ArrayLike,
    sensitivities: Sequence[float],
    seed: int,
) -> list[OperatingPoint]:
    """Choose a threshold for each wanted sensitivity and measure it cross-fitted.

    Parameters
    ----------
    labels : array of shape (n_cases,)
        0 or 1.
    probabilities : array of shape (n_cases, 2)
        Out-of-fold.
    folds : array of shape (n_cases,)
        The fold that holds each case.
    groups : array of shape (n_cases,)
    sensitivities : sequence of float
        Each in (0, 1].
    seed : int
        The study's seed.

    Returns
    -------
    list of OperatingPoint
        In the order of `sensitivities`.

    Raises
    ------
    InputError
        If the target is not binary, there is one fold only, or all positives lie in one fold.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    folds = np.asarray(folds)
    _check(labels, probabilities, folds)
    if not len(sensitivities):
        return []
    scores = probabilities[:, 1]
    called = _called(labels, scores, folds, sensitivities)
    found = rate_intervals(called, labels == 1, groups, seed=seed)
    specificities = (~called[:, labels == 0]).mean(axis=1)
    return [
        OperatingPoint(
            wanted=float(wanted),
            threshold=threshold_at_sensitivity(labels, scores, wanted),
            sensitivity=share.value,
            sensitivity_low=share.low,
            sensitivity_high=share.high,
            specificity=float(specificity),
        )
        for wanted, share, specificity in zip(sensitivities, found, specificities, strict=True)
    ]


def _called(
    labels: IntArray, scores: FloatArray, folds: IntArray, sensitivities: Sequence[float]
) -> BoolArray:
    """Return the cross-fitted decisions, shape (n_sensitivities, n_cases)."""
    called = np.zeros((len(sensitivities), len(labels)), dtype=np.bool_)
    for fold in np.unique(folds):
        held = folds == fold
        others = (labels[~held], scores[~held])
        thresholds = [threshold_at_sensitivity(*others, wanted) for wanted in sensitivities]
        called[:, held] = scores[held] >= np.array(thresholds)[:, None]
    return called


def _check(labels: IntArray, probabilities: FloatArray, folds: IntArray) -> None:
    if probabilities.shape[1] != 2:  # one positive class
        raise InputError(
            f"an operating point: expected a binary target, got {probabilities.shape[1]} classes; "
            "name the positive ones"
        )
    if folds.shape != labels.shape:
        raise InputError(f"expected folds of shape {labels.shape}, one per case, got {folds.shape}")
    require_two_classes(labels)
    for label, name in enumerate(("negative", "positive")):
        n_folds = len(np.unique(folds[labels == label]))
        if n_folds < 2:  # one chooses, one measures
            raise InputError(
                f"expected {name} cases in at least two folds, one to choose the threshold and one to measure it, "
                f"got them in {n_folds}"
            )
