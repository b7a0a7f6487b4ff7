"""The AUC by levels of age, sex, site, source and whatever else a table has.

A level with too few cases is listed with its counts and the words "too small": what cannot be measured is
not the same as what is fine.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.metrics.inputs import check_predictions
from automl_skin.metrics.intervals import Interval, auc_interval

MIN_CASES = 10
"""Inside and outside the largest class (of a binary target: of each class)."""

N_RESAMPLES = 1000

AGE_BANDS = (("under 30", 30.0), ("30 to 49", 50.0), ("50 to 69", 70.0), ("70 and over", np.inf))
"""Bands of an age in years by their upper ends, which lie outside."""

MAX_LEVELS = 12
"""Levels of a column of words: the rarer ones beyond the most frequent so many are one level."""

_FEW_NUMBERS = 6
_AGE = re.compile(r"(^|[^a-z])age([^a-z]|$)", re.IGNORECASE)
MISSING = "missing"


@dataclass(frozen=True)
class Subgroup:
    """One level of one column.

    Parameters
    ----------
    auc : Interval or None
        None where the level is too small; macro over the classes that it has.
    too_small : str
        Why there is no AUC; empty where there is one.
    """

    column: str
    level: str
    n_cases: int
    class_counts: tuple[int, ...]
    auc: Interval | None
    too_small: str = ""

    def is_below(self, overall: float | None) -> bool:
        """Return whether the whole interval lies below the overall AUC."""
        return overall is not None and self.auc is not None and self.auc.high < overall


def subgroup_figures(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.ArrayLike,
    columns: pd.DataFrame,
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> list[Subgroup]:
    """Measure the AUC by the levels of every column.

    Parameters
    ----------
    labels : array of shape (n_cases,)
    probabilities : array of shape (n_cases, n_classes)
    groups : array of shape (n_cases,)
    columns : DataFrame of shape (n_cases, n_columns)
        Metadata, source and the like; numbers are cut into bands (see `split_levels`).

    Returns
    -------
    list of Subgroup
        By column, then level.
    """
    labels, probabilities = check_predictions(labels, probabilities)
    names = np.asarray(groups)
    found = []
    for column in columns:
        levels = split_levels(columns[column])
        for level in levels.cat.categories:
            rows = (levels == level).to_numpy(np.bool_)
            if rows.any():
                counts = np.bincount(labels[rows], minlength=probabilities.shape[1])
                auc, too_small = _measure(labels, probabilities, names, rows, n_resamples, seed)
                of_classes = tuple(int(count) for count in counts)
                found.append(Subgroup(str(column), str(level), int(rows.sum()), of_classes, auc, too_small))
    return found


def _measure(
    labels: IntArray,
    probabilities: FloatArray,
    groups: npt.NDArray[Any],
    rows: BoolArray,
    n_resamples: int,
    seed: int,
) -> tuple[Interval | None, str]:
    reason = _too_small(labels[rows], groups[rows], probabilities.shape[1])
    if reason:
        return None, reason
    auc = auc_interval(labels[rows], probabilities[rows], groups[rows], n_resamples=n_resamples, seed=seed)
    return auc, ""


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


def split_levels(column: "pd.Series[Any]") -> "pd.Series[str]":
    """Return the level of every case as text, in an order that is kept as categories.

    Numbers of an age become `AGE_BANDS`, other numbers of many values become quarters; words stay, the rare
    ones beyond `MAX_LEVELS` as one. Missing values are a level.

    Parameters
    ----------
    column : Series
        Its name says whether numbers are ages.
    """
    numbers = pd.to_numeric(column, errors="coerce") if _is_number(column) else None
    if numbers is not None and _AGE.search(str(column.name)):
        levels, names = _bands(numbers)
    elif numbers is not None and numbers.nunique() > _FEW_NUMBERS:
        levels, names = _quarters(numbers)
    else:
        levels, names = _words(column)
    filled = levels.astype(object).where(column.notna(), MISSING)
    return pd.Series(pd.Categorical(filled, [*names, MISSING]), column.index, name=column.name)


def _is_number(column: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def _bands(numbers: "pd.Series[float]") -> tuple["pd.Series[Any]", list[str]]:
    names = [name for name, _ in AGE_BANDS]
    ends = [-np.inf, *(end for _, end in AGE_BANDS)]
    return pd.cut(numbers, ends, right=False, labels=names).astype(object), names


def _quarters(numbers: "pd.Series[float]") -> tuple["pd.Series[Any]", list[str]]:
    ends = np.unique(numbers.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy())
    names = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(ends)]
    return pd.cut(numbers, ends.tolist(), include_lowest=True, labels=names).astype(object), names


def _words(column: "pd.Series[Any]") -> tuple["pd.Series[Any]", list[str]]:
    words = column.astype(object).map(str, na_action="ignore")
    counts = words.value_counts()
    frequent = [str(name) for name in counts.index[:MAX_LEVELS]]
    rare = len(counts) - len(frequent)
    if not rare:
        return words, frequent
    together = f"other ({rare} rarer levels)"
    return words.where(words.isin(frequent), together), [*frequent, together]
