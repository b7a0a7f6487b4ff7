"""From columns to subgroups: bands of numbers, levels of words, and what is missing by itself."""

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd

AGE_BANDS = (("under 30", 30.0), ("30 to 49", 50.0), ("50 to 69", 70.0), ("70 and over", np.inf))
"""Bands of an age in years by their upper ends, which lie outside."""

MOST_LEVELS = 12
"""Rarer levels than the most frequent so many are taken together."""

_FEW_NUMBERS = 6
_AGE = re.compile(r"(^|[^a-z])age([^a-z]|$)", re.IGNORECASE)
MISSING = "missing"


def split_levels(column: "pd.Series[Any]") -> "pd.Series[str]":
    """Return the level of every case as text, in an order that is kept as categories.

    Numbers of an age become `AGE_BANDS`, other numbers of many values become quarters; words stay, the rare
    ones beyond `MOST_LEVELS` taken together. Missing values are a level.

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
    frequent = [str(name) for name in counts.index[:MOST_LEVELS]]
    rare = len(counts) - len(frequent)
    if not rare:
        return words, frequent
    together = f"other ({rare} rarer levels)"
    return words.where(words.isin(frequent), together), [*frequent, together]
