"""The figures of one model on one set of cases."""

from dataclasses import dataclass, field

import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import known, number
from automl_skin.metrics.calibration import (
    calibration_line,
    calibration_slope_interval,
    expected_calibration_error,
)
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.ranking import average_precision, balanced_accuracy, brier, partial_auc

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
    calibration_slope_low, calibration_slope_high : float or None
        95 % interval of the slope, whole groups left out in turn; None where the cases are too few to tell.
    """

    calibration_slope: float | None = field(default=None, kw_only=True)
    calibration_intercept: float | None = field(default=None, kw_only=True)
    calibration_error: float | None = field(default=None, kw_only=True)
    calibration_slope_low: float | None = field(default=None, kw_only=True)
    calibration_slope_high: float | None = field(default=None, kw_only=True)

    def describe_calibration(self) -> str:
        """Return slope, intercept and error in words."""
        error = f"expected calibration error {number(self.calibration_error)}"
        slope, low, high = self._slope
        if slope is None:
            return error
        reach = "" if low is None else f" ({low:.2f} to {number(high, 2)})"
        return f"calibration slope {slope:.2f}{reach}, intercept {number(self.calibration_intercept, 2)}, {error}"

    @property
    def calibration_warning(self) -> str:
        """What a slope means that is far from 1 beyond its own interval; empty where it is not."""
        slope, low, high = self._slope
        if slope is None or low is None or high is None:
            return ""
        if low <= 1 <= high or abs(slope - 1) < MIN_SLOPE_ERROR:
            return ""
        if high < 0:
            means = "the probabilities run against the classes"
        else:
            how = "too extreme" if slope < 1 else "not extreme enough"
            means = f"the probabilities are {how}. Recalibrate them before they are read as risks"
        return f"Warning: the calibration slope is {slope:.2f} ({low:.2f} to {high:.2f}), where 1 is right: {means}."

    @property
    def _slope(self) -> tuple[float | None, float | None, float | None]:
        return self.calibration_slope, self.calibration_slope_low, self.calibration_slope_high


@dataclass(frozen=True)
class ModelFigures(Calibration):
    """What one model reached.

    Parameters
    ----------
    auc : Interval
        Per case; macro one-vs-rest for several classes; the interval is a group bootstrap's.
    lesion_auc : Interval
        The same per lesion, with the mean of its cases' probabilities.
    partial_auc : float
        Area above a sensitivity of 0.8, in [0, 0.2] (ISIC 2024).
    """

    auc: Interval
    lesion_auc: Interval
    average_precision: float
    balanced_accuracy: float
    brier: float
    partial_auc: float

    def details(self) -> str:
        """Return what is not an AUC in words."""
        parts = [
            f"average precision {self.average_precision:.3f}",
            f"balanced accuracy {self.balanced_accuracy:.3f}",
            f"Brier score {self.brier:.3f}",
            f"partial AUC {self.partial_auc:.3f} of {1 - MIN_TPR:.1f}",
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
    """Measure one model; the intervals of its AUCs are made by who has the resamples."""
    return ModelFigures(
        auc=auc,
        lesion_auc=lesion_auc,
        average_precision=average_precision(labels, probabilities),
        balanced_accuracy=balanced_accuracy(labels, probabilities, priors),
        brier=brier(labels, probabilities),
        partial_auc=partial_auc(labels, probabilities, MIN_TPR),
        **vars(measure_calibration(labels, probabilities, groups)),
    )


def measure_calibration(labels: IntArray, probabilities: FloatArray, groups: npt.ArrayLike) -> Calibration:
    """Measure the calibration of probabilities, (n_cases, n_classes), of at least two classes.

    Parameters
    ----------
    groups : array of shape (n_cases,)
        Patients or lesions, for the interval of the slope.
    """
    error = expected_calibration_error(labels, probabilities)
    if probabilities.shape[1] != 2:  # the line is of one positive class
        return Calibration(calibration_error=error)
    line = calibration_line(labels, probabilities[:, 1])
    sure = calibration_slope_interval(labels, probabilities[:, 1], groups)
    return Calibration(
        calibration_slope=known(line.slope),
        calibration_intercept=known(line.intercept),
        calibration_error=error,
        calibration_slope_low=None if sure is None else sure.low,
        calibration_slope_high=None if sure is None else sure.high,
    )
