"""Decisions by class: thresholds and weights that are chosen inside, and what they reach on cases that chose none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.evaluation.record import in_words, listed
from automl_skin.metrics.calibration import calibration_intervals
from automl_skin.metrics.costs import case_costs, decide_by_costs
from automl_skin.metrics.decisions import (
    fit_positive_threshold,
    fit_share_weights,
    fit_thresholds,
    fold_back,
)
from automl_skin.metrics.f1 import call_at_half, call_largest
from automl_skin.metrics.intervals import (
    Interval,
    balanced_accuracy_interval,
    called_f1_intervals,
    mean_interval,
)
from automl_skin.metrics.parts import MIN_GROUPS
from automl_skin.metrics.ranking import class_priors

AT_HALF, LARGEST, BALANCED = "macro F1 at 0.5", "macro F1 by the largest", "balanced accuracy"
COST = "expected cost"


@dataclass(frozen=True)
class ClassRule:
    """How calibrated probabilities become decisions.

    Parameters
    ----------
    thresholds : tuple of float
        Class k is called where its probability is at least this; folded back it is 0.5.
    weights : tuple of float
        The one class of a case is that with the largest weight times probability.
    costs : tuple of tuple of float
        Where they are given, the one class of a case is the cheapest instead; true classes in rows.
    """

    thresholds: tuple[float, ...]
    weights: tuple[float, ...]
    costs: tuple[tuple[float, ...], ...] = ()

    def fold_back(self, probabilities: FloatArray) -> FloatArray:
        """Return probabilities that cross 0.5 where classes are called; those of a case need not sum to 1."""
        return fold_back(probabilities, np.array(self.thresholds))

    def decide(self, probabilities: FloatArray) -> IntArray:
        """Return the one class of each case, shape (n_cases,)."""
        if self.costs:
            return decide_by_costs(probabilities, np.array(self.costs))
        decisions: IntArray = (probabilities * np.array(self.weights)).argmax(axis=1)
        return decisions


@dataclass(frozen=True)
class DecidedFigure:
    """One figure without and with the decisions.

    Parameters
    ----------
    name : str
    off, on : Interval
        Without, by the probabilities as they are; with those that other cases chose.
    in_sample : float or None
        With those that the same cases chose: too good as a rule. None on locked cases, which choose nothing.
    """

    name: str
    off: Interval
    on: Interval
    in_sample: float | None = None

    def describe(self) -> str:
        """Return the figure in words."""
        worse = ", so that they did not help here" if self.is_worse else ""
        return f"{self.name} {in_words(self.on)}; thresholds off {in_words(self.off)}{worse}{self._inside}"

    @property
    def is_worse(self) -> bool:
        """Whether the figure is worse with the decisions than without."""
        gain = self.on.value - self.off.value
        return gain > 0 if self.name == COST else gain < 0

    @property
    def _inside(self) -> str:
        if self.in_sample is None:
            return ""
        means = ", which is too good" if self.in_sample > self.on.value else " by what the same cases chose"
        return f"; in-sample {self.in_sample:.3f}{means}"


@dataclass(frozen=True)
class ClassFigure:
    """What is called of one class at 0.5 after folding back.

    Parameters
    ----------
    n_cases, n_groups, n_called, n_right : int
    f1 : Interval or None
        None without cases.
    slope : Interval or None
        Calibration slope of the class against the rest, before folding back; None where the cases cannot tell
        (`metrics.calibration.calibration_intervals`: below 10 groups, or separated).
    """

    n_cases: int
    n_groups: int
    n_called: int
    n_right: int
    f1: Interval | None
    slope: Interval | None = None


@dataclass(frozen=True)
class ClassDecisions:
    """The decisions of a study, and what they reached.

    Parameters
    ----------
    rule : ClassRule
        Fitted on all out-of-fold cases.
    classes : tuple of str
    figures : tuple of DecidedFigure
        Nested: each fold by the decisions that the other folds chose.
    by_class : tuple of ClassFigure
        Nested.
    """

    rule: ClassRule
    classes: tuple[str, ...]
    figures: tuple[DecidedFigure, ...]
    by_class: tuple[ClassFigure, ...]

    def lines(self) -> list[str]:
        """Return thresholds and figures as lines of text."""
        pairs = zip(self.classes, self.rule.thresholds, strict=True)
        return [
            "Classes are called from these probabilities on: "
            + ", ".join(f"{name} {threshold:.3g}" for name, threshold in pairs),
            *(f"  out of fold, thresholds nested: {each.describe()}" for each in self.figures),
            *_say_few(self.classes, self.by_class),
        ]

    @property
    def metrics(self) -> dict[str, float]:
        """The nested figures with the ends of their intervals, and those in sample, by name."""
        inside = {
            f"{_plain(each.name)}_in_sample": each.in_sample
            for each in self.figures
            if each.in_sample is not None
        }
        nested = {f"nested_{name}": value for name, value in _by_name(self.figures).items()}
        return {**nested, **inside}


@dataclass(frozen=True)
class DecidedCases:
    """What stored decisions reach on cases that had no part in them."""

    classes: tuple[str, ...]
    figures: tuple[DecidedFigure, ...]
    by_class: tuple[ClassFigure, ...]

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        return [*(each.describe() for each in self.figures), *_say_few(self.classes, self.by_class)]

    @property
    def metrics(self) -> dict[str, float]:
        """The figures with the ends of their intervals, by name."""
        return _by_name(self.figures)


def _by_name(figures: Sequence[DecidedFigure]) -> dict[str, float]:
    return {
        f"{_plain(each.name)}{middle}{end}": value
        for each in figures
        for middle, interval in (("", each.on), ("_thresholds_off", each.off))
        for end, value in (("", interval.value), ("_low", interval.low), ("_high", interval.high))
    }


def _plain(name: str) -> str:
    """Return the name of a figure as MLflow takes it."""
    return name.replace("0.5", "half").replace(" ", "_").lower()


def fit_rule(
    labels: IntArray,
    probabilities: FloatArray,
    metric: str,
    costs: tuple[tuple[float, ...], ...] = (),
) -> ClassRule:
    """Fit thresholds and weights on calibrated out-of-fold probabilities.

    Parameters
    ----------
    metric : str
        What the study maximises. Weights are those of a mean F1 where that is an F1, else of a balanced accuracy.
    """
    fit = fit_positive_threshold if metric == "f1" else fit_thresholds
    thresholds = fit(labels, probabilities)
    of_f1 = metric.endswith(("f1", "f1_largest"))
    weights = 1.0 / thresholds if of_f1 else fit_share_weights(labels, probabilities.shape[1])
    return ClassRule(tuple(thresholds.tolist()), tuple(weights.tolist()), costs)


def choose_decisions(
    labels: IntArray,
    probabilities: FloatArray,
    folds: IntArray,
    groups: npt.ArrayLike,
    classes: Sequence[str],
    metric: str,
    costs: tuple[tuple[float, ...], ...] = (),
) -> ClassDecisions:
    """Fit the decisions of a study, and measure them nested.

    Parameters
    ----------
    probabilities : array of shape (n_cases, n_classes)
        Calibrated, out-of-fold.
    folds, groups : array of shape (n_cases,)
    """
    rule = fit_rule(labels, probabilities, metric, costs)
    nested = np.zeros((3, *probabilities.shape), np.bool_)
    for fold in np.unique(folds):
        held = folds == fold
        others = fit_rule(labels[~held], probabilities[~held], metric, costs)
        nested[:, held] = _call(probabilities[held], others, class_priors(labels[~held], len(classes)))
    inside = _call(probabilities, rule, class_priors(labels, len(classes)))
    too_good = [each.on.value for each in _figures(labels, probabilities, groups, inside, costs)]
    figures = [
        replace(each, in_sample=None if each.name == COST else value)  # nothing is fitted to costs
        for each, value in zip(_figures(labels, probabilities, groups, nested, costs), too_good, strict=True)
    ]
    return ClassDecisions(
        rule, tuple(classes), tuple(figures), _by_class(labels, probabilities, nested[0], groups)
    )


def measure_decisions(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    rule: ClassRule,
    classes: Sequence[str],
    priors: FloatArray,
) -> DecidedCases:
    """Measure stored decisions.

    Parameters
    ----------
    priors : array of shape (n_classes,)
        Shares of the classes among the cases that fitted the rule.
    """
    called = _call(probabilities, rule, priors)
    figures = _figures(labels, probabilities, groups, called, rule.costs)
    return DecidedCases(tuple(classes), tuple(figures), _by_class(labels, probabilities, called[0], groups))


def _call(probabilities: FloatArray, rule: ClassRule, shares: FloatArray) -> BoolArray:
    """Return what is called at 0.5, by the largest and for balanced accuracy, shape (3, n_cases, n_classes)."""
    balancing = np.divide(1.0, shares, out=np.zeros(len(shares)), where=shares > 0)
    return np.stack(
        [
            call_at_half(rule.fold_back(probabilities)),
            call_largest(probabilities / np.array(rule.thresholds)),
            call_largest(probabilities * balancing),
        ]
    )


def _figures(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    called: BoolArray,
    costs: tuple[tuple[float, ...], ...],
) -> list[DecidedFigure]:
    """Return the figures without and with the decisions."""
    at_half, largest = call_at_half(probabilities), call_largest(probabilities)
    even = np.ones(probabilities.shape[1])

    def recall(decided: BoolArray) -> Interval:
        return balanced_accuracy_interval(labels, decided.astype(np.float64), groups, even)

    def mean_f1(decided: BoolArray) -> Interval:
        return called_f1_intervals(labels, decided, groups)[0]

    found = [
        DecidedFigure(AT_HALF, mean_f1(at_half), mean_f1(called[0])),
        DecidedFigure(LARGEST, mean_f1(largest), mean_f1(called[1])),
        DecidedFigure(BALANCED, recall(largest), recall(called[2])),
    ]
    if costs:
        matrix = np.array(costs)
        off = mean_interval(matrix[labels, largest.argmax(axis=1)], groups)
        found.append(
            DecidedFigure(COST, off, mean_interval(case_costs(labels, probabilities, matrix), groups))
        )
    return found


def _by_class(
    labels: IntArray, probabilities: FloatArray, called: BoolArray, groups: npt.ArrayLike
) -> tuple[ClassFigure, ...]:
    """Return what is called of each class, and whether its probabilities mean what they say."""
    _, intervals = called_f1_intervals(labels, called, groups)
    names = np.asarray(groups)
    figures = []
    for k, interval in enumerate(intervals):
        own = labels == k
        line = calibration_intervals(own.astype(np.int64), probabilities[:, k], names) if own.any() else None
        figures.append(
            ClassFigure(
                n_cases=int(own.sum()),
                n_groups=len(np.unique(names[own])),
                n_called=int(called[:, k].sum()),
                n_right=int((called[:, k] & own).sum()),
                f1=interval,
                slope=None if line is None else line[0],
            )
        )
    return tuple(figures)


def _say_few(classes: Sequence[str], by_class: Sequence[ClassFigure]) -> list[str]:
    """Return one line about classes of which the cases cannot tell."""
    few = [
        f"{name} ({each.n_groups})"
        for name, each in zip(classes, by_class, strict=True)
        if each.n_groups < MIN_GROUPS
    ]
    if not few:
        return []
    return [f"Too few groups to tell anything of single classes: {listed(few)}; {MIN_GROUPS} are needed"]
