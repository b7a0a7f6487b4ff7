"""The AUC by levels of age, sex, site, source and whatever else a table has.

A level with too few cases is listed with its counts and the words "too small": what cannot be measured is
not the same as what is fine.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.evaluation.levels import split_levels
from automl_skin.metrics.inputs import check_predictions
from automl_skin.metrics.intervals import Interval, auc_interval

FEWEST = 10
"""Fewest cases inside and outside the largest class (of a binary target: of each class)."""

N_RESAMPLES = 1000


@dataclass(frozen=True)
class Subgroup:
    """One level of one column.

    Parameters
    ----------
    column, level : str
    n_cases : int
    class_counts : tuple of int
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
        Metadata, source and the like; numbers are cut into bands (see `levels.split_levels`).

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
        few = [f"{n} {name}" for n, name in zip(counts, ("negative", "positive"), strict=True) if n < FEWEST]
        if few:
            return f"{' and '.join(few)}; {FEWEST} are needed"
    elif counts.sum() - counts.max() < FEWEST:
        return f"{counts.sum() - counts.max()} outside its largest class; {FEWEST} are needed"
    return "" if len(np.unique(groups)) > 1 else "one group only"
