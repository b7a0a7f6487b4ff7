"""The figures of the locked test set: every model with its interval, and what the first gains on the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.data.plan_checks import expected_interval_width
from automl_skin.errors import InputError
from automl_skin.evaluation.at_threshold import AtThreshold
from automl_skin.evaluation.class_decisions import DecidedCases
from automl_skin.evaluation.decision_curve import DecisionCurve, decision_curve
from automl_skin.evaluation.lesions import find_lesions
from automl_skin.evaluation.model_figures import ModelFigures, describe_model
from automl_skin.evaluation.record import in_words, listed
from automl_skin.evaluation.resampling import resampled_aucs
from automl_skin.evaluation.subgroups import Subgroup, describe_lower
from automl_skin.metrics.intervals import Interval, auc_interval, central_range, fewest_groups
from automl_skin.metrics.parts import MIN_GROUPS
from automl_skin.search.trial import BASELINES

BEST_TRIAL = "best trial"
"""Name of the best single trial."""

FEW_POSITIVES = 50
"""Groups of a class (patients, lesions): photographs of one group do not tell as much as those of several."""


@dataclass(frozen=True)
class Figures:
    """What was measured on the locked test set.

    Parameters
    ----------
    class_counts : tuple of int
        Cases of each class.
    times_opened : int
        How often the locked test set had been opened when this was measured, this time included.
    models : dict of str to ModelFigures
        The first is the one that the others are compared with.
    gains : dict of str to Interval
        AUC of the first minus that of the other, paired on the same resamples.
    expected_half_width : float or None
        Where a class has cases of fewer than 50 groups: half the width of an AUC's interval to be expected by
        Hanley & McNeil's formula with groups for cases.
    class_groups : tuple of int
        Groups with cases of each class.
    reopened_share : float
        Where it was opened more than once: the share of its cases that had been opened before.
    at_threshold : AtThreshold or None
        The first model's decisions at the stored threshold; None for several classes.
    subgroups : tuple of Subgroup
        What the first model does by levels of metadata and source.
    decision : DecisionCurve or None
        Net benefit over threshold probabilities; None for several classes.
    decided : DecidedCases or None
        The first model's decisions by class; None where the operating point alone decides.
    """

    n_cases: int
    n_lesions: int
    n_groups: int
    class_counts: tuple[int, ...]
    class_groups: tuple[int, ...]
    times_opened: int
    models: dict[str, ModelFigures]
    gains: dict[str, Interval]
    expected_half_width: float | None
    reopened_share: float = 1.0
    at_threshold: AtThreshold | None = None
    subgroups: tuple[Subgroup, ...] = ()
    decision: DecisionCurve | None = None
    decided: DecidedCases | None = None

    @property
    def first(self) -> str:
        """Name of the model that the others are compared with."""
        return next(iter(self.models))

    @property
    def baselines(self) -> list[str]:
        """Names of the simple baselines."""
        return [name for name in self.gains if name in BASELINES]

    @property
    def not_beaten(self) -> list[str]:
        """Baselines over which the paired interval of the gain does not lie above 0, or cannot be trusted."""
        return [name for name in self.baselines if not self.gains[name].is_above_0]

    @property
    def opened(self) -> str:
        """How often the locked test set was opened, as every text with a figure carries it."""
        return in_times(self.times_opened, self.reopened_share)

    @property
    def counts(self) -> str:
        """Cases of each class in words."""
        names = range(len(self.class_counts)) if self.decided is None else self.decided.classes
        return self.name_counts([f"of class {name}" for name in names])

    def name_counts(self, classes: Sequence[str]) -> str:
        """Return the cases of each class in words, where there are several by their names."""
        if len(self.class_counts) == 2:  # binary
            return f"{self.class_counts[1]} positive, {self.class_counts[0]} negative"
        return ", ".join(f"{count} {name}" for count, name in zip(self.class_counts, classes, strict=True))

    @property
    def note(self) -> str:
        """How wide the interval is where a class has few cases; empty otherwise."""
        if self.expected_half_width is None:
            return ""
        fewest, cases = min(
            (groups, count)
            for groups, count in zip(self.class_groups, self.class_counts, strict=True)
            if count
        )
        auc = self.models[self.first].auc
        return (
            f"The smallest class has only {fewest} groups ({cases} cases): the interval of the AUC is "
            f"{auc.high - auc.low:.3f} wide (about {2 * self.expected_half_width:.3f} was to be expected)."
        )

    @property
    def verdict(self) -> str:
        """One plain sentence: whether the first model beats the simple baselines."""
        if not self.baselines:
            return "There is no simple baseline to compare with."
        if not self.not_beaten:
            return f"The {self.first} beats every simple baseline: {listed(self.baselines)}."
        gains = [f"{name}: {in_words(self.gains[name], signed=True)}" for name in self.not_beaten]
        return (
            f"The {self.first} does not beat every simple baseline: the paired difference in AUC is not surely above 0 "
            f"({'; '.join(gains)})."
        )

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        head = (
            f"Locked test set ({self.opened}): {self.n_cases} cases of {self.n_lesions} lesions in "
            f"{self.n_groups} groups; {self.counts}"
        )
        width = max(len(name) for name in self.models)
        models = [
            f"  {name:<{width}}  AUC {in_words(model.auc)}, per lesion {in_words(model.lesion_auc)} [{self.opened}]"
            for name, model in self.models.items()
        ]
        more = f"The {self.first} further [{self.opened}]: {self.models[self.first].details()}"
        gains = [
            f"  {self.first} minus {name:<{width}}  {in_words(gain, signed=True)} [{self.opened}]"
            for name, gain in self.gains.items()
        ]
        paired = ["Paired differences in AUC:"] if gains else []
        warning = self.models[self.first].calibration_warning
        lower = f"{describe_lower(self.subgroups)} [{self.opened}]" if self.subgroups else ""
        rest = [text for text in (self.verdict, self.note, self._repeated(), warning, lower) if text]
        return [head, *models, *paired, *gains, more, *self._decisions(), *rest]

    def _decisions(self) -> list[str]:
        decided = [] if self.decided is None else self.decided.lines()
        by_class = [f"By the stored decisions [{self.opened}]: {line}" for line in decided]
        if self.at_threshold is None:
            return by_class
        at = self.at_threshold
        stored = f"At its stored threshold {at.threshold:.4g} for {at.stands_for}"
        return [f"{stored} [{self.opened}]: {at.describe()}", *by_class]

    def find_disagreements(self, expected: Mapping[str, Interval]) -> list[str]:
        """Return a warning for each model whose locked AUC and out-of-fold AUC have intervals that do not meet.

        Parameters
        ----------
        expected : mapping of str to Interval
            Out-of-fold AUC by the model's name, corrected where the model was chosen by it.
        """
        pairs = [
            (name, self.models[name].auc, before) for name, before in expected.items() if name in self.models
        ]
        return [
            _say_disagreement(name, locked, before, self.opened)
            for name, locked, before in pairs
            if locked.high < before.low or before.high < locked.low
        ]

    def _repeated(self) -> str:
        if self.times_opened == 1:
            return ""
        return (
            f"The locked test set was {self.opened}: what was seen before may have led to this stack, so that the "
            "figures may be too good."
        )


def _say_disagreement(name: str, locked: Interval, before: Interval, opened: str) -> str:
    where, why = (
        ("below", "The locked cases differ from the others, or something gives the labels of the others away")
        if locked.value < before.value
        else ("above", "The locked cases are easier than the others, and may be easier than those to come")
    )
    return (
        f"Warning: the AUC of the {name} is {in_words(locked)} on the locked test set ({opened}), {where} "
        f"the {in_words(before)} that cross-validation led to expect: the intervals do not meet. {why}."
    )


def in_times(times_opened: int, reopened_share: float) -> str:
    """Say how often a locked test set was opened.

    Examples
    --------
    >>> in_times(1, 0.0), in_times(2, 1.0), in_times(3, 0.25)
    ('opened once', 'opened 2 times', 'opened 3 times (25.0% of the cases before)')
    """
    if times_opened == 1:
        return "opened once"
    some = "" if reopened_share == 1.0 else f" ({reopened_share:.1%} of the cases before)"
    return f"opened {times_opened} times{some}"


def locked_figures(
    cases: pd.DataFrame,
    probabilities: Mapping[str, FloatArray],
    priors: FloatArray,
    times_opened: int,
    seed: int,
    reopened_share: float = 1.0,
) -> Figures:
    """Measure every model on the locked cases.

    Parameters
    ----------
    cases : DataFrame
        One row per case; columns ``target`` (int), ``group`` and ``lesion``.
    probabilities : mapping of str to array of shape (n_cases, n_classes)
        By name; the first is compared with the others.
    priors : array of shape (n_classes,)
        Shares of the classes among the development cases, for decisions.
    seed : int
        The study's seed.
    reopened_share : float
        See `Figures`.

    Raises
    ------
    InputError
        If there is no model, a probability is missing, or fewer than two classes have cases.
    """
    if not probabilities:
        raise InputError("expected probabilities of at least one model on the locked cases, got none")
    labels = cases["target"].to_numpy(np.int64)
    groups = cases["group"].to_numpy(object)
    lesions = find_lesions(cases)
    models = {
        name: describe_model(
            labels,
            p,
            priors,
            auc_interval(labels, p, groups),
            auc_interval(lesions.labels, lesions.mean(np.asarray(p, dtype=np.float64)), lesions.groups),
            groups,
        )
        for name, p in probabilities.items()
    }
    resampled = resampled_aucs(labels, list(probabilities.values()), groups, seed=seed)
    counts = np.bincount(labels, minlength=len(priors)).astype(np.int64)
    of_classes = np.array([len(np.unique(groups[labels == k])) for k in range(len(counts))], dtype=np.int64)
    return Figures(
        n_cases=len(labels),
        n_lesions=len(lesions.labels),
        n_groups=len(np.unique(groups)),
        class_counts=tuple(int(count) for count in counts),
        class_groups=tuple(int(count) for count in of_classes),
        times_opened=times_opened,
        models=models,
        gains=_gains(models, resampled, enough=fewest_groups(labels, groups) >= MIN_GROUPS),
        expected_half_width=_expected_half_width(of_classes, len(np.unique(groups))),
        reopened_share=reopened_share,
        decision=decision_curve(labels, probabilities),
    )


def _gains(models: Mapping[str, ModelFigures], resampled: FloatArray, *, enough: bool) -> dict[str, Interval]:
    names = list(models)
    first = models[names[0]].auc.value
    return {
        name: Interval(
            first - models[name].auc.value, *central_range(resampled[0] - resampled[position]), enough=enough
        )
        for position, name in enumerate(names)
        if position
    }


def _expected_half_width(class_groups: IntArray, n_groups: int) -> float | None:
    fewest = int(class_groups[class_groups > 0].min())
    if fewest >= FEW_POSITIVES:
        return None
    return expected_interval_width(fewest, max(n_groups - fewest, fewest)) / 2
