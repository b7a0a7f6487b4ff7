"""Operating points: thresholds with what they reach on cases that did not choose them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.inputs import check_predictions, require_two_classes
from automl_skin.metrics.intervals import Interval, rate_intervals
from automl_skin.metrics.thresholds import needed_groups, promised_thresholds


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
        is of whole groups.
    sensitivity_enough : bool
        Whether the positive groups are enough to judge by that interval.
    confidence : float or None
        With which the sensitivity is promised; None for a promise of the average.
    positive_groups : int
        Groups with positive cases among those rows.
    """

    wanted: float
    threshold: float
    sensitivity: float
    sensitivity_low: float
    sensitivity_high: float
    specificity: float
    confidence: float | None = None
    positive_groups: int = 0
    sensitivity_enough: bool = True

    @property
    def reached(self) -> Interval:
        """The cross-fitted sensitivity with its interval."""
        return Interval(
            self.sensitivity, self.sensitivity_low, self.sensitivity_high, self.sensitivity_enough
        )

    def lines(self) -> list[str]:
        """Return the threshold, its promise and what it reached out of fold, as lines of text."""
        found = f"cross-fitted: sensitivity {in_words(self.reached)}, specificity {self.specificity:.3f}"
        if self.specificity == 0:
            found += ": every negative case is called positive"
        return [
            f"Probabilities of {self.threshold:.4g} and more are positive decisions ({found})",
            self.promise,
        ]

    @property
    def is_promised(self) -> bool:
        """Whether there were positive groups enough to promise the sensitivity."""
        return self.positive_groups >= needed_groups(self.wanted, self.confidence)

    @property
    def promise(self) -> str:
        """What the threshold promises of new cases like these, in words."""
        if not self.is_promised:
            needed = needed_groups(self.wanted, self.confidence)
            sure = "" if self.confidence is None else f" with {self.confidence:.0%} confidence"
            least = self.positive_groups / (self.positive_groups + 1)
            return (
                f"Warning: a sensitivity of {self.wanted:g} cannot be promised{sure}: expected {needed} groups with "
                f"positive cases or more, got {self.positive_groups}. The threshold is the lowest probability of a "
                f"positive case, which promises {least:.3f} on average"
            )
        if self.confidence is None:
            return (
                f"Promised of new cases like these: a sensitivity of at least {self.wanted:g} on average over studies "
                f"(conformal, {self.positive_groups} groups with positive cases)"
            )
        return (
            f"Promised of new cases like these with {self.confidence:.0%} confidence: a sensitivity of at least "
            f"{self.wanted:g} (tolerance bound, {self.positive_groups} groups with positive cases)"
        )


def cross_fitted_operating_points(
    labels: IntArray,
    probabilities: FloatArray,
    folds: IntArray,
    groups: npt.ArrayLike,
    sensitivities: Sequence[float],
    confidence: float | None = None,
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
        Each in (0, 1).
    confidence : float, optional
        See `metrics.thresholds`.

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
    folds, groups = np.asarray(folds), np.asarray(groups)
    _check(labels, probabilities, folds)
    if not len(sensitivities):
        return []
    scores = probabilities[:, 1]
    called = np.zeros((len(sensitivities), len(labels)), dtype=np.bool_)
    for fold in np.unique(folds):
        held, others = folds == fold, folds != fold
        chosen = promised_thresholds(
            labels[others], scores[others], groups[others], sensitivities, confidence
        )
        called[:, held] = scores[held] >= chosen[:, None]
    thresholds = promised_thresholds(labels, scores, groups, sensitivities, confidence)
    found = rate_intervals(called, labels == 1, groups)
    specificities = (~called[:, labels == 0]).mean(axis=1)
    return [
        OperatingPoint(
            wanted=float(wanted),
            threshold=float(threshold),
            sensitivity=share.value,
            sensitivity_low=share.low,
            sensitivity_high=share.high,
            sensitivity_enough=share.enough,
            specificity=float(specificity),
            confidence=confidence,
            positive_groups=len(np.unique(groups[labels == 1].astype(str))),
        )
        for wanted, threshold, share, specificity in zip(
            sensitivities, thresholds, found, specificities, strict=True
        )
    ]


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
