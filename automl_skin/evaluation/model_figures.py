"""The figures of one model on one set of cases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.evaluation.record import interval_to_json, known, number
from automl_skin.metrics.calibration import calibration_line, expected_calibration_error
from automl_skin.metrics.calibration_interval import calibration_slope_interval
from automl_skin.metrics.intervals import Interval
from automl_skin.metrics.ranking import average_precision, balanced_accuracy, brier, partial_auc
from automl_skin.metrics.thresholds import sensitivity_at_specificity

SPECIFICITY = 0.95
MIN_TPR = 0.8
MIN_SLOPE_ERROR = 0.1
"""A slope nearer to 1 than this changes no decision, however sure it is."""


@dataclass(frozen=True)
class Calibration:
    """Whether the probabilities mean what they say.

    Parameters
    ----------
    slope, intercept : float or None
        Of Cox's line through the log-odds (1 and 0 are right); None for several classes, and where no
        finite line exists.
    error : float
        Expected calibration error, 15 bins of equal width.
    slope_low, slope_high : float or None
        95 % interval of the slope, whole groups left out in turn; None where the cases are too few to tell.
    """

    slope: float | None
    intercept: float | None
    error: float
    slope_low: float | None = None
    slope_high: float | None = None

    def text(self) -> str:
        """Return slope, intercept and error in words."""
        error = f"expected calibration error {self.error:.3f}"
        if self.slope is None:
            return error
        reach = "" if self.slope_low is None else f" ({self.slope_low:.2f} to {number(self.slope_high, 2)})"
        return f"calibration slope {self.slope:.2f}{reach}, intercept {number(self.intercept, 2)}, {error}"

    @property
    def warning(self) -> str:
        """What a slope means that is far from 1 beyond its own interval; empty where it is not."""
        if self.slope is None or self.slope_low is None or self.slope_high is None:
            return ""
        if self.slope_low <= 1 <= self.slope_high or abs(self.slope - 1) < MIN_SLOPE_ERROR:
            return ""
        if self.slope_high < 0:
            means = "the probabilities run against the classes"
        else:
            how = "too extreme" if self.slope < 1 else "not extreme enough"
            means = f"the probabilities are {how}. Recalibrate them before they are read as risks"
        return (
            f"Warning: the calibration slope is {self.slope:.2f} ({self.slope_low:.2f} to {self.slope_high:.2f}), "
            f"where 1 is right: {means}."
        )

    def to_json(self) -> dict[str, float | None]:
        """Return the calibration as JSON, with names that stand for themselves."""
        return {f"calibration_{name}": value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Calibration":
        """Return the calibration that `to_json` described, from among other values."""
        return cls(**{each.name: value[f"calibration_{each.name}"] for each in fields(cls)})


@dataclass(frozen=True)
class ModelFigures:
    """What one model reached.

    Parameters
    ----------
    auc : Interval
        Per case; macro one-vs-rest for several classes; the interval is a group bootstrap's.
    lesion_auc : Interval
        The same per lesion, with the mean of its cases' probabilities.
    average_precision, balanced_accuracy, brier : float
    partial_auc : float
        Area above a sensitivity of 0.8, in [0, 0.2] (ISIC 2024).
    sensitivity_at_95_specificity : float or None
        None for several classes.
    calibration : Calibration
    """

    auc: Interval
    lesion_auc: Interval
    average_precision: float
    balanced_accuracy: float
    brier: float
    partial_auc: float
    sensitivity_at_95_specificity: float | None
    calibration: Calibration

    def details(self) -> str:
        """Return what is not an AUC in words."""
        sensitivity = self.sensitivity_at_95_specificity
        parts = [
            f"average precision {self.average_precision:.3f}",
            f"balanced accuracy {self.balanced_accuracy:.3f}",
            f"Brier score {self.brier:.3f}",
            f"partial AUC {self.partial_auc:.3f} of {1 - MIN_TPR:.1f}",
            *([] if sensitivity is None else [f"sensitivity at 95 % specificity {sensitivity:.3f}"]),
            self.calibration.text(),
        ]
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {
            "auc": interval_to_json(self.auc),
            "lesion_auc": interval_to_json(self.lesion_auc),
            "average_precision": self.average_precision,
            "balanced_accuracy": self.balanced_accuracy,
            "brier": self.brier,
            "partial_auc": self.partial_auc,
            "sensitivity_at_95_specificity": self.sensitivity_at_95_specificity,
            **self.calibration.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ModelFigures":
        """Return the figures that `to_json` described."""
        return cls(
            Interval(**value["auc"]),
            Interval(**value["lesion_auc"]),
            value["average_precision"],
            value["balanced_accuracy"],
            value["brier"],
            value["partial_auc"],
            value["sensitivity_at_95_specificity"],
            Calibration.from_json(value),
        )


def describe_model(
    labels: IntArray,
    probabilities: FloatArray,
    priors: FloatArray,
    auc: Interval,
    lesion_auc: Interval,
    groups: npt.ArrayLike,
) -> ModelFigures:
    """Measure one model; the intervals of its AUCs are made by who has the resamples."""
    binary = probabilities.shape[1] == 2  # one positive class
    positive = probabilities[:, -1]
    return ModelFigures(
        auc=auc,
        lesion_auc=lesion_auc,
        average_precision=average_precision(labels, probabilities),
        balanced_accuracy=balanced_accuracy(labels, probabilities, priors),
        brier=brier(labels, probabilities),
        partial_auc=partial_auc(labels, probabilities, MIN_TPR),
        sensitivity_at_95_specificity=(
            sensitivity_at_specificity(labels, positive, SPECIFICITY) if binary else None
        ),
        calibration=measure_calibration(labels, probabilities, groups),
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
        return Calibration(None, None, error)
    line = calibration_line(labels, probabilities[:, 1])
    sure = calibration_slope_interval(labels, probabilities[:, 1], groups)
    reach = (None, None) if sure is None else (sure.low, sure.high)
    return Calibration(known(line.slope), known(line.intercept), error, *reach)
