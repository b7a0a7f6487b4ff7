"""The figures of one model on one set of cases."""

from dataclasses import dataclass, field, fields, replace

import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import in_words, known, number
from automl_skin.metrics.calibration import calibration_intervals, calibration_line
from automl_skin.metrics.calibration_error import (
    error_interval,
    error_when_perfect,
    expected_calibration_error,
)
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.intervals import Interval, balanced_accuracy_interval, metric_interval
from automl_skin.metrics.ranking import brier, partial_auc

MIN_EXCESS_ERROR = 0.02
"""An expected calibration error nearer to a perfect model's range than this changes no decision."""
MIN_TPR = 0.8
MIN_SLOPE_ERROR = 0.1
"""A slope nearer to 1 than this changes no decision, however sure it is."""


@dataclass(frozen=True)
class Calibration:
    """Whether the probabilities mean what they say; a part of the figures that have it, by these names.

    Parameters
    ----------
    calibration_slope, calibration_intercept : float or None
        Of Cox's line through the log-odds (1 and 0 are right); None for several classes, and where no
        finite line exists.
    calibration_error : float or None
        Expected calibration error, 15 bins of equal width; None where nothing could be measured.
    calibration_slope_low, calibration_slope_high, calibration_intercept_low, calibration_intercept_high : float or None
        95 % intervals of the line, whole groups left out in turn; None where the cases are too few to tell.
    calibration_error_low, calibration_error_high : float or None
        95 % interval of the true error, which lies below the measured one; None where the cases are too few to tell.
    perfect_calibration_error_low, perfect_calibration_error_high : float or None
        95 % range of the expected calibration error of a perfectly calibrated model on these very cases.
    is_separated : bool
        Whether there is no slope because the probabilities of the two classes do not overlap.
    """

    calibration_slope: float | None = field(default=None, kw_only=True)
    calibration_intercept: float | None = field(default=None, kw_only=True)
    calibration_error: float | None = field(default=None, kw_only=True)
    calibration_slope_low: float | None = field(default=None, kw_only=True)
    calibration_slope_high: float | None = field(default=None, kw_only=True)
    calibration_intercept_low: float | None = field(default=None, kw_only=True)
    calibration_intercept_high: float | None = field(default=None, kw_only=True)
    calibration_error_low: float | None = field(default=None, kw_only=True)
    calibration_error_high: float | None = field(default=None, kw_only=True)
    perfect_calibration_error_low: float | None = field(default=None, kw_only=True)
    perfect_calibration_error_high: float | None = field(default=None, kw_only=True)
    is_separated: bool = field(default=False, kw_only=True)

    def describe_calibration(self) -> str:
        """Return slope, intercept and error in words."""
        error = f"expected calibration error {number(self.calibration_error)}{self._true}{self._perfect}"
        slope, low, high = self._slope
        if slope is None:
            none = "no calibration slope (the probabilities of the two classes do not overlap), "
            return f"{none}{error}" if self.is_separated else error
        if low is None:
            intercept = number(self.calibration_intercept, 2)
            return f"calibration slope {slope:.2f} and intercept {intercept} (too few to tell), {error}"
        of_intercept = (
            f"({number(self.calibration_intercept_low, 2)} to {number(self.calibration_intercept_high, 2)})"
        )
        return (
            f"calibration slope {slope:.2f} ({low:.2f} to {number(high, 2)}), "
            f"intercept {number(self.calibration_intercept, 2)} {of_intercept}, {error}"
        )

    @property
    def calibration_warning(self) -> str:
        """What a slope far from 1 beyond its interval means, or an error beyond a perfect model's; else empty."""
        slope, low, high = self._slope
        if slope is None or low is None or high is None:
            return self._error_warning
        if low <= 1 <= high or abs(slope - 1) < MIN_SLOPE_ERROR:
            return self._error_warning
        if high < 0:
            means = "the probabilities run against the classes"
        else:
            how = "too extreme" if slope < 1 else "not extreme enough"
            means = f"the probabilities are {how}. Recalibrate them before they are read as risks"
        return f"Warning: the calibration slope is {slope:.2f} ({low:.2f} to {high:.2f}), where 1 is right: {means}."

    @property
    def calibration_metrics(self) -> dict[str, float]:
        """What was measured, by name."""
        numbers = (each.name for each in fields(Calibration) if each.name != "is_separated")
        named = {name: getattr(self, name) for name in numbers}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def slope_interval(self) -> Interval | None:
        """The calibration slope with its interval; None without one."""
        slope, low, high = self._slope
        return None if slope is None or low is None or high is None else Interval(slope, low, high)

    @property
    def _error_warning(self) -> str:
        error, high = self.calibration_error, self.perfect_calibration_error_high
        if error is None or high is None or error - high < MIN_EXCESS_ERROR:
            return ""
        return (
            f"Warning: the expected calibration error is {error:.3f}, where a perfectly calibrated model shows at most "
            f"{high:.3f} on these cases: recalibrate the probabilities before they are read as risks."
        )

    @property
    def _true(self) -> str:
        low, high = self.calibration_error_low, self.calibration_error_high
        if low is None or high is None:
            return "" if self.calibration_error is None else " (too few to tell the true one)"
        return f" (the true one is {low:.3f} to {high:.3f})"

    @property
    def _perfect(self) -> str:
        low, high = self.perfect_calibration_error_low, self.perfect_calibration_error_high
        if low is None or high is None:
            return ""
        return f", where a perfectly calibrated model shows {low:.3f} to {high:.3f} on these cases"

    @property
    def _slope(self) -> tuple[float | None, float | None, float | None]:
        return self.calibration_slope, self.calibration_slope_low, self.calibration_slope_high


@dataclass(frozen=True)
class ModelFigures(Calibration):
    """What one model reached.

    Parameters
    ----------
    auc : Interval
        Per case; macro one-vs-rest for several classes.
    lesion_auc : Interval
        The same per lesion, with the mean of its cases' probabilities.
    partial_auc : float
        Area above a sensitivity of 0.8, in [0, 0.2] (ISIC 2024).
    """

    auc: Interval
    lesion_auc: Interval
    average_precision: Interval
    balanced_accuracy: Interval
    brier: float
    partial_auc: float

    def details(self) -> str:
        """Return what is not an AUC in words."""
        parts = [
            f"average precision {in_words(self.average_precision)}",
            f"balanced accuracy {in_words(self.balanced_accuracy)}",
            f"Brier score {self.brier:.3f}",
            f"partial AUC above a sensitivity of {MIN_TPR} {self.partial_auc:.3f} of {1 - MIN_TPR:.1f}",
            self.describe_calibration(),
        ]
        return ", ".join(parts)


def describe_model(
    labels: IntArray,
    probabilities: FloatArray,
    priors: FloatArray,
    auc: Interval,
    lesion_auc: Interval,
    groups: npt.ArrayLike,
) -> ModelFigures:
    """Measure one model whose AUCs are known."""
    return ModelFigures(
        auc=auc,
        lesion_auc=lesion_auc,
        average_precision=metric_interval(METRICS["average_precision"], labels, probabilities, groups),
        balanced_accuracy=balanced_accuracy_interval(labels, probabilities, groups, priors),
        brier=brier(labels, probabilities),
        partial_auc=partial_auc(labels, probabilities, MIN_TPR),
        **vars(measure_calibration(labels, probabilities, groups)),
    )


def measure_calibration(labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike) -> Calibration:
    """Measure the calibration of probabilities, (n_cases, n_classes), of at least two classes.

    Parameters
    ----------
    groups : array of shape (n_cases,)
        Patients or lesions, for the intervals.
    """
    low, high = error_when_perfect(probabilities, groups)
    true = error_interval(labels, probabilities, groups) or (None, None)
    error = Calibration(
        calibration_error=expected_calibration_error(labels, probabilities),
        calibration_error_low=true[0],
        calibration_error_high=true[1],
        perfect_calibration_error_low=low,
        perfect_calibration_error_high=high,
    )
    if probabilities.shape[1] != 2:  # the line is of one positive class
        return error
    line = calibration_line(labels, probabilities[:, 1])
    slope, intercept = known(line.slope), known(line.intercept)
    found = replace(
        error, calibration_slope=slope, calibration_intercept=intercept, is_separated=slope is None
    )
    intervals = calibration_intervals(labels, probabilities[:, 1], groups)
    if intervals is None:
        return found
    of_slope, of_intercept = intervals
    return replace(
        found,
        calibration_slope_low=of_slope.low,
        calibration_slope_high=of_slope.high,
        calibration_intercept_low=of_intercept.low,
        calibration_intercept_high=of_intercept.high,
    )
