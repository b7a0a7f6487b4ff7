"""What a bundle's scores are worth on a labelled set of someone else's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.errors import InputError
from automl_skin.evaluation.class_decisions import DecidedCases
from automl_skin.evaluation.model_figures import Calibration, measure_calibration
from automl_skin.evaluation.overlap import Overlap
from automl_skin.evaluation.record import in_words, number
from automl_skin.metrics.catalogue import METRICS
from automl_skin.metrics.inputs import check_predictions
from automl_skin.metrics.intervals import Interval, auc_interval, metric_interval, rate_intervals
from automl_skin.metrics.ranking import brier

CHANCE = 0.5


@dataclass(frozen=True)
class LabelledEvaluation(Calibration):
    """Figures of given scores on given labels; what cannot be measured is None, and `notes` says why.

    Parameters
    ----------
    n_cases, n_unscored : int
        All cases, and those left out because they have no probability.
    class_counts, unscored_counts : tuple of int
        Cases of each class with a probability, and without.
    mean_probabilities : tuple of float
        Mean probability of each class over the scored cases, to be compared with its share.
    threshold : float or None
        The bundle's stored one.
    sensitivity, specificity : Interval or None
        At the threshold.
    overlap : Overlap or None
        With the photographs that the model was trained on; None where nobody looked.
    decided : DecidedCases or None
        By the bundle's decisions by class; None where it has none, or they could not be measured.
    """

    n_cases: int
    n_unscored: int
    class_counts: tuple[int, ...]
    unscored_counts: tuple[int, ...]
    classes: tuple[str, ...]
    mean_probabilities: tuple[float, ...]
    auc: Interval | None
    average_precision: Interval | None
    brier: float | None
    threshold: float | None
    sensitivity: Interval | None
    specificity: Interval | None
    notes: tuple[str, ...]
    overlap: Overlap | None = None
    decided: DecidedCases | None = None

    @property
    def n_scored(self) -> int:
        """Cases with a probability."""
        return self.n_cases - self.n_unscored

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        lines = [f"{self.n_scored} of {self.n_cases} cases scored", *self._class_lines()]
        if self.auc is not None:
            lines.append(f"AUC {in_words(self.auc)}, average precision {in_words(self.average_precision)}")
        if self.brier is not None:
            lines.append(f"Brier score {number(self.brier)}")
        if self.calibration_error is not None:
            lines.append(self.describe_calibration().capitalize())
        for name, rate in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            if rate is not None:
                lines.append(f"At the stored threshold {self.threshold:.4g}: {name} {in_words(rate)}")
        if self.decided is not None:
            lines += [f"By the stored decisions: {line}" for line in self.decided.lines()]
        overlap = [] if self.overlap is None else self.overlap.lines()
        return [*lines, *overlap, *self.notes]

    def _class_lines(self) -> list[str]:
        return [
            f"  {name}: {count} cases ({count / max(self.n_scored, 1):.1%}), mean probability of {name} {mean:.1%}"
            for name, count, mean in zip(
                self.classes, self.class_counts, self.mean_probabilities, strict=True
            )
        ]


def evaluate_scores(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike | None = None,
    threshold: float | None = None,
    *,
    classes: tuple[str, ...] = ("negative", "positive"),
) -> LabelledEvaluation:
    """Measure scores on a labelled set.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
        A row that holds NaN has no score: it is counted and left out.
    groups : array of shape (n_cases,), optional
        Patients or lesions, resampled whole; by default each case is its own.
    threshold : float, optional
        Of a binary target: probabilities from here on are positive decisions.
    classes : tuple of str
        Names in the order of the columns.

    Raises
    ------
    InputError
        If no case has a score, or shapes do not fit.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    labels, names = np.asarray(labels), np.arange(len(labels)) if groups is None else np.asarray(groups)
    _check_shapes(labels, probabilities, names, classes)
    scored: BoolArray = np.logical_not(np.isnan(probabilities).any(axis=1))
    if not scored.any():
        raise InputError(f"expected a probability for at least one case, got none for all {len(labels)}")
    y, p = check_predictions(labels[scored], probabilities[scored])
    both = len(np.unique(y)) > 1
    auc = auc_interval(y, p, names[scored]) if both and _several(names[scored]) else None
    precision = (
        metric_interval(METRICS["average_precision"], y, p, names[scored])
        if both and _several(names[scored])
        else None
    )
    line = measure_calibration(y, p, names[scored]) if both else Calibration()
    sensitivity, specificity = _rates(y, p, names[scored], threshold)
    return LabelledEvaluation(
        n_cases=len(labels),
        n_unscored=int((~scored).sum()),
        class_counts=_counts(y, p.shape[1]),
        unscored_counts=_counts(labels[~scored], p.shape[1]),
        classes=tuple(classes),
        mean_probabilities=tuple(float(mean) for mean in p.mean(axis=0)),
        auc=auc,
        average_precision=precision,
        brier=brier(y, p),
        **vars(line),
        threshold=threshold if p.shape[1] == 2 else None,  # binary
        sensitivity=sensitivity,
        specificity=specificity,
        notes=(
            *_notes(labels, scored, names, classes),
            *_turned(auc, classes),
            *filter(None, [line.calibration_warning]),
        ),
    )


def _turned(auc: Interval | None, classes: tuple[str, ...]) -> list[str]:
    """Return a warning where the scores are worse than chance."""
    if auc is None or auc.value >= CHANCE:
        return []
    if len(classes) == 2:  # binary
        return [
            f"Warning: the AUC is below {CHANCE}. Perhaps the other value is the positive one: see --positive."
        ]
    return [f"Warning: the AUC is below {CHANCE}. Perhaps the names of the classes are swapped."]


def _check_shapes(
    labels: IntArray, probabilities: FloatArray, groups: npt.NDArray[Any], classes: tuple[str, ...]
) -> None:
    expected = (len(labels), len(classes))
    if probabilities.shape != expected or groups.shape != labels.shape:
        raise InputError(
            f"expected probabilities of shape {expected} (n_cases, n_classes) and groups of shape {labels.shape}, got "
            f"{probabilities.shape} and {groups.shape}"
        )


def _counts(labels: IntArray, n_classes: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(labels, minlength=n_classes))


def _several(groups: npt.NDArray[Any]) -> bool:
    return len(np.unique(groups)) > 1


def _rates(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.NDArray[Any],
    threshold: float | None,
) -> tuple[Interval | None, Interval | None]:
    """Return sensitivity and specificity; None without a threshold, or without cases of the class."""
    if threshold is None or probabilities.shape[1] != 2 or not _several(groups):  # binary
        return None, None
    called = probabilities[:, 1] >= threshold
    sides = [
        rate_intervals(right[None, :], labels == label, groups)[0] if (labels == label).any() else None
        for label, right in ((1, called), (0, ~called))
    ]
    return sides[0], sides[1]


def _notes(
    labels: IntArray, scored: BoolArray, groups: npt.NDArray[Any], classes: tuple[str, ...]
) -> list[str]:
    notes = []
    if not scored.all():
        lost = np.bincount(labels[~scored], minlength=len(classes))
        by_class = ", ".join(f"{count} {name}" for count, name in zip(lost, classes, strict=True))
        notes.append(
            f"{(~scored).sum()} cases have no probability and are left out of every figure ({by_class})."
        )
    present = np.unique(labels[scored])
    if len(present) == 1:
        notes.append(
            f"All scored cases are {classes[present[0]]}: an AUC, an average precision and a calibration need cases of "
            "at least two classes."
        )
    if not _several(groups[scored]):
        notes.append(
            "All scored cases belong to one group: there is no interval, and no figure that needs one."
        )
    return notes
