"""What the model does by levels of age, sex, site, source and whatever else a table has.

A level with too few cases is listed with its counts and the words "too small": what cannot be measured is
not the same as what is fine. A level is called lower where its cases show a lower AUC than the probabilities promise of
these very cases (`metrics.expected_auc`), adjusted for the number of levels (Holm 1979): its own AUC beside that of all
cases would say it of every band of age, within which age no longer separates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.evaluation.record import in_words
from automl_skin.metrics.expected_auc import expect_auc
from automl_skin.metrics.inputs import check_predictions
from automl_skin.metrics.intervals import Interval, auc_interval, rate_intervals

MIN_CASES = 10
"""Inside and outside the largest class (of a binary target: of each class)."""

SURE = 0.05
"""Share of the reports of a perfect model in which a level may be called lower."""


@dataclass(frozen=True)
class Subgroup:
    """One level of one column.

    Parameters
    ----------
    auc : Interval or None
        None where the level is too small; macro over the classes that it has.
    too_small : str
        Why there is no AUC; empty where there is one.
    expected_auc : float or None
        The AUC that these cases would have if the probabilities held here as on the other cases; None where either
        is too small.
    p_value : float or None
        Of an AUC so far below that; one-sided, adjusted for the number of levels.
    share : Interval or None
        Of positive cases, of a binary target.
    mean_probability : float or None
        The share of positive cases that the probabilities promise.
    sensitivity, specificity : Interval or None
        At the stored threshold; None without one, or without cases of the class.
    """

    column: str
    level: str
    n_cases: int
    class_counts: tuple[int, ...]
    auc: Interval | None
    too_small: str = ""
    expected_auc: float | None = None
    p_value: float | None = None
    share: Interval | None = None
    mean_probability: float | None = None
    sensitivity: Interval | None = None
    specificity: Interval | None = None

    @property
    def is_lower(self) -> bool:
        """Whether the AUC is lower than these cases let expect, beyond chance and the number of levels."""
        return self.p_value is not None and self.p_value < SURE

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if self.p_value is None:
            return "not compared"
        return "lower than expected" if self.is_lower else ""


def subgroup_figures(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    levels: pd.DataFrame,
    *,
    threshold: float | None = None,
) -> list[Subgroup]:
    """Measure every level of every column.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    levels : DataFrame of shape (n_cases, n_columns)
        Of `split_columns`: the level of every case in metadata, source and the like.
    threshold : float, optional
        Of a binary target: probabilities from here on are positive decisions.

    Returns
    -------
    list of Subgroup
        By column, then level.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    names = np.asarray(groups)
    found = []
    for column in levels:
        for level in levels[column].cat.categories:
            rows = (levels[column] == level).to_numpy(np.bool_)
            if rows.any():
                one = _measure(labels[rows], probabilities[rows], names[rows], threshold)
                named = replace(one, column=str(column), level=str(level))
                found.append(_compare(named, labels, probabilities, names, rows))
    return adjust(found)


def describe_lower(subgroups: Sequence[Subgroup]) -> str:
    """Say in one sentence which levels are lower than expected.

    Examples
    --------
    >>> describe_lower([])
    'Subgroups: none has cases enough to be compared.'
    """
    compared = [each for each in subgroups if each.p_value is not None]
    if not compared:
        return "Subgroups: none has cases enough to be compared."
    lower = [
        f"{each.column} {each.level}: AUC {in_words(each.auc)} where {each.expected_auc:.3f} was to be expected"
        for each in compared
        if each.is_lower
    ]
    if not lower:
        return f"Subgroups: none of {len(compared)} compared is worse than its own cases let expect."
    return f"Warning: less good for some of {len(compared)} subgroups compared: {'; '.join(lower)}."


def adjust(subgroups: Sequence[Subgroup]) -> list[Subgroup]:
    """Return the subgroups with p-values adjusted for their number (Holm 1979)."""
    order = sorted((each.p_value, at) for at, each in enumerate(subgroups) if each.p_value is not None)
    adjusted, so_far = list(subgroups), 0.0
    for place, (p_value, at) in enumerate(order):
        so_far = max(so_far, min(1.0, p_value * (len(order) - place)))
        adjusted[at] = replace(adjusted[at], p_value=so_far)
    return adjusted


def _compare(
    one: Subgroup, labels: IntArray, probabilities: FloatArray, groups: npt.NDArray[Any], rows: BoolArray
) -> Subgroup:
    if one.auc is None or _too_small(labels[~rows], groups[~rows], probabilities.shape[1]):
        return one
    found = expect_auc(labels, probabilities, groups, rows)
    return one if found is None else replace(one, expected_auc=found.expected, p_value=found.p_value)


def _measure(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.NDArray[Any],
    threshold: float | None,
) -> Subgroup:
    n_classes = probabilities.shape[1]
    counts = tuple(int(count) for count in np.bincount(labels, minlength=n_classes))
    reason, auc = _too_small(labels, groups, n_classes), None
    if not reason:
        auc = auc_interval(labels, probabilities, groups)
    one = Subgroup("", "", len(labels), counts, auc, reason)
    if n_classes > 2 or len(np.unique(groups)) < 2:  # of binary targets; one group has no interval
        return one
    positive = labels == 1
    share = _rate(positive, np.ones_like(positive), groups)
    one = replace(one, share=share, mean_probability=float(probabilities[:, 1].mean()))
    if threshold is None:
        return one
    called = probabilities[:, 1] >= threshold
    sensitivity, specificity = (
        _rate(called, positive, groups),
        _rate(~called, ~positive, groups),
    )
    return replace(one, sensitivity=sensitivity, specificity=specificity)


def _rate(hits: BoolArray, counted: BoolArray, groups: npt.NDArray[Any]) -> Interval | None:
    return rate_intervals(hits[None, :], counted, groups)[0] if counted.any() else None


def _too_small(labels: IntArray, groups: npt.NDArray[Any], n_classes: int) -> str:
    counts = np.bincount(labels, minlength=n_classes)
    if n_classes == 2:  # binary
        few = [
            f"{n} {name}" for n, name in zip(counts, ("negative", "positive"), strict=True) if n < MIN_CASES
        ]
        if few:
            return f"{' and '.join(few)}; {MIN_CASES} are needed"
    elif counts.sum() - counts.max() < MIN_CASES:
        return f"{counts.sum() - counts.max()} outside its largest class; {MIN_CASES} are needed"
    return "" if len(np.unique(groups)) > 1 else "one group only"
