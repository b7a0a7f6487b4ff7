"""Columns of a table cut into the levels that subgroups are of: bands of age, quarters of other numbers, words."""

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd

AGE_BANDS = (("under 30", 30.0), ("30 to 49", 50.0), ("50 to 69", 70.0), ("70 and over", np.inf))
"""Bands of an age in years by their upper ends, which lie outside."""

MAX_LEVELS = 12
"""Levels of a column of words: the rarer ones beyond the most frequent so many are one level."""

MISSING = "missing"

_FEW_NUMBERS = 6
_AGE = re.compile(r"(^|[^a-z])age([^a-z]|$)", re.IGNORECASE)


def split_columns(columns: pd.DataFrame, like: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the level of every case in every column; see `split_levels`."""
    like = columns if like is None else like
    return pd.DataFrame({name: split_levels(columns[name], like[name]) for name in columns}, columns.index)


def split_levels(column: "pd.Series[Any]", like: "pd.Series[Any] | None" = None) -> "pd.Series[str]":
    """Return the level of every case as text, in an order that is kept as categories.

    Numbers of an age become `AGE_BANDS`, other numbers of many values become quarters; words stay, the rare
    ones beyond `MAX_LEVELS` as one. Missing values are a level.

    Parameters
    ----------
    column : Series
        Its name says whether numbers are ages.
    like : Series, optional
        The same column of the cases whose values decide on the levels; the column itself by default.
    """
    like = column if like is None else like
    numbers = pd.to_numeric(column, errors="coerce") if _is_number(like) else None
    if numbers is not None and _AGE.search(str(column.name)):
        levels, names = _bands(numbers)
    elif numbers is not None and like.nunique() > _FEW_NUMBERS:
        levels, names = _quarters(numbers, like)
    else:
        levels, names = _words(column, like)
    filled = levels.astype(object).where(column.notna(), MISSING)
    return pd.Series(pd.Categorical(filled, [*names, MISSING]), column.index, name=column.name)


def _is_number(column: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def _bands(numbers: "pd.Series[float]") -> tuple["pd.Series[Any]", list[str]]:
    names = [name for name, _ in AGE_BANDS]
    ends = [-np.inf, *(end for _, end in AGE_BANDS)]
    return pd.cut(numbers, ends, right=False, labels=names).astype(object), names


def _quarters(numbers: "pd.Series[float]", like: "pd.Series[float]") -> tuple["pd.Series[Any]", list[str]]:
    ends = np.unique(like.quantile([0, 0.25, 0.5, 0.75, 1]).to_numpy())
    names = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(ends)]
    inner = [-np.inf, *ends[1:-1].tolist(), np.inf]  # the outer quarters hold what lies beyond
    return pd.cut(numbers, inner, labels=names).astype(object), names


def _words(column: "pd.Series[Any]", like: "pd.Series[Any]") -> tuple["pd.Series[Any]", list[str]]:
    words, known = (each.astype(object).map(str, na_action="ignore") for each in (column, like))
    counts = known.value_counts()
    frequent = [str(name) for name in counts.index[:MAX_LEVELS]]
    rare = len(counts) - len(frequent)
    together = f"other ({rare} rarer levels)" if rare else "other"
    levels = words.where(words.isin(frequent) | words.isna(), together)
    return levels, [*frequent, together] if (levels == together).any() else frequent
