"""What the training saw of each metadata field, and how new values compare with it.

A cell of a field is one of these:

- *known*: a level that the training had, or a number within its reach;
- *missing*: empty, a word for missing, or a number that the training took for one (-999 in a field of lengths);
- *unseen*: a level that the training did not have, or a word in a field of numbers;
- *out of range*: a number that the training gives no ground for.

A number is out of range where it is impossible (infinite, a code such as 1e9, an age below 0 or above 120 years, a
negative value of a field that was never negative) or lies further beyond the least or greatest training value than
`MARGIN` of the distance between these two. Values beyond the training's by less are used as they are.

Levels are matched to those of the training as they stand; else but for case, blanks and Unicode form; else as numbers;
else, where the training's levels are one word for true and one for false, as such words. A cell that several levels
would match in this way matches none of them.

All of it is decided cell by cell: what stands in other rows changes nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.data.metadata import Codes, Kind, impossible_numbers, without_codes
from automl_skin.data.table import canonical_text, to_numbers
from automl_skin.features.levels import level_texts
from automl_skin.features.numbers import observed_numbers

KNOWN = ""
MISSING = "missing"
UNSEEN = "unseen"
OUT_OF_RANGE = "out_of_range"

MARGIN = 0.25
"""How far beyond the training's values a number may lie, as a share of their range."""

TRUE_WORDS = frozenset({"true", "t", "1", "yes", "y", "ja", "j", "oui", "vrai", "sí", "si", "sim", "wahr"})
FALSE_WORDS = frozenset(
    {"false", "f", "0", "no", "n", "nein", "non", "faux", "não", "nao", "falsch", "falso"}
)

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class SeenField:
    """What the training saw of one field.

    Parameters
    ----------
    levels : tuple of str
        Of a category, sorted.
    low, high : float or None
        Least and greatest number; None of a category, and of a field without any number.
    codes : tuple of float
        Numbers that stand for a missing value; see `automl_skin.data.missing.find_codes`.

    Examples
    --------
    >>> SeenField("number", low=20.0, high=80.0).limits
    (5.0, 95.0)
    >>> SeenField("number", low=1.0, high=20.0).limits  # never negative
    (0.0, 24.75)
    """

    kind: Kind
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    codes: tuple[float, ...] = ()

    @property
    def limits(self) -> tuple[float, float]:
        """Least and greatest number that is within reach; everything where the training saw no number."""
        if self.low is None or self.high is None:
            return -np.inf, np.inf
        margin = MARGIN * (self.high - self.low)
        lowest = self.low - margin
        return max(lowest, 0.0) if self.low >= 0.0 else lowest, self.high + margin


@dataclass(frozen=True)
class ReadFields:
    """New values as a model takes them, and what was found in each cell.

    Parameters
    ----------
    metadata : DataFrame of shape (n_cases, n_fields)
        Numbers with NaN, levels as the training spells them with NA. What is out of range, and a word in a field of
        numbers, is missing; an unseen level stays, and an encoder takes it for a rare one where it knows rare ones,
        else for missing.
    marks : DataFrame of shape (n_cases, n_fields)
        `KNOWN`, `MISSING`, `UNSEEN` or `OUT_OF_RANGE`.
    """

    metadata: pd.DataFrame
    marks: pd.DataFrame


def see_fields(metadata: pd.DataFrame, kinds: Mapping[str, Kind], codes: Codes) -> dict[str, SeenField]:
    """Return what there is of each field in the metadata of training cases, whose `codes` are taken out already."""
    seen = {}
    for name, kind in kinds.items():
        levels: tuple[str, ...] = ()
        low: float | None = None
        high: float | None = None
        if kind == "category":
            levels = tuple(sorted(map(str, level_texts(metadata[name]).dropna().unique())))
        elif len(numbers := observed_numbers(metadata[name])):
            low, high = float(numbers.min()), float(numbers.max())
        seen[name] = SeenField(kind, levels, low, high, codes.get(name, ()))
    return seen


def read_fields(table: pd.DataFrame, seen: Mapping[str, SeenField]) -> ReadFields:
    """Read the fields of a table; one that is no column is missing in all rows, other columns are left out."""
    values: dict[str, pd.Series[Any]] = {}
    marks: dict[str, Any] = {}
    for name, field in seen.items():
        column = table[name] if name in table else pd.Series(np.nan, index=table.index)
        read = _read_levels if field.kind == "category" else _read_numbers
        values[name], marks[name] = read(without_codes(column, field.codes), name, field)
    index = table.index
    return ReadFields(
        pd.DataFrame(values, index=index), pd.DataFrame(marks, index=index, columns=list(seen), dtype="str")
    )


def _read_numbers(
    column: "pd.Series[Any]", name: str, field: SeenField
) -> tuple["pd.Series[Any]", "pd.Series[str]"]:
    numbers, text = to_numbers(column), canonical_text(column)
    low, high = field.limits
    beyond = numbers.notna() & (impossible_numbers(numbers, name) | (numbers < low) | (numbers > high))
    marks = pd.Series(KNOWN, index=column.index, dtype="str")
    marks = marks.mask(numbers.isna(), UNSEEN).mask(numbers.isna() & text.isna(), MISSING)
    return numbers.mask(beyond), marks.mask(beyond, OUT_OF_RANGE)


def _read_levels(
    column: "pd.Series[Any]", name: str, field: SeenField
) -> tuple["pd.Series[Any]", "pd.Series[str]"]:
    text = canonical_text(column)
    match = _matcher(field.levels)
    matched = {cell: match(str(cell)) for cell in text.dropna().unique()}
    levels = text.map({cell: level or cell for cell, level in matched.items()}).astype("str").rename(name)
    marks = text.map({cell: UNSEEN if level is None else KNOWN for cell, level in matched.items()})
    return levels, marks.where(text.notna(), MISSING).astype("str")


def _matcher(levels: tuple[str, ...]) -> Callable[[str], str | None]:
    """Return a function from a cell to the level that it means; None where it means none, or one of several."""
    ways: list[Callable[[str], object]] = [str, _folded, _number]
    truths = [_truth(level) for level in levels]
    if sorted(map(str, truths)) == ["False", "True"]:
        digits = any(level in {"0", "1"} for level in levels)  # then "f" may stand for female
        ways.append(lambda cell: None if digits and len(cell) == 1 and cell.isalpha() else _truth(cell))
    found = [_by_key(levels, way) for way in ways]

    def match(cell: str) -> str | None:
        for way, by_key in zip(ways, found, strict=True):
            key = way(cell)
            if key is not None and key in by_key:
                return by_key[key][0] if len(by_key[key]) == 1 else None
        return None

    return match


def _by_key(levels: tuple[str, ...], way: Callable[[str], object]) -> dict[object, list[str]]:
    by_key: dict[object, list[str]] = {}
    for level in levels:
        by_key.setdefault(way(level), []).append(level)
    return by_key


def _folded(text: str) -> str:
    """Return text without case, blanks, signs that show nothing, and differences of Unicode form."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(sign for sign in plain if not sign.isspace() and unicodedata.category(sign) != "Cf")


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _truth(text: str) -> bool | None:
    word = _folded(text)
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None
