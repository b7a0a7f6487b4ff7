"""The diagnosis column: which values it has, which of them are positive, and labels from them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.table import canonical_text
from automl_skin.errors import TableError

BINARY = 2
POSITIVE_WORDS = ("malignant", "1", "true", "yes", "positive", "cancer", "melanoma", "mel")
NEGATIVE_WORDS = ("benign", "0", "false", "no", "negative", "healthy", "control", "nevus", "nv", "other")


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Parameters
    ----------
    column : str
        The column of the table.
    classes : tuple of str
        Names of the classes in the order of the labels; of a binary target the positive one is last.
    positive : tuple of str
        Values of the column that are positive; empty for a target of several classes.
    levels : tuple of str
        All values of the column (the full diagnosis), sorted.
    note : str
        How the classes were decided, in words.
    """

    column: str
    classes: tuple[str, ...]
    positive: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether there is one positive class, the last of two."""
        return bool(self.positive)

    def labels(self, values: "pd.Series[str]") -> IntArray:
        """Return the label of each value, -1 where it is missing.

        For a binary target each value that is not positive is negative.

        Parameters
        ----------
        values : Series of shape (n_cases,)
            The full diagnosis.

        Returns
        -------
        ndarray of shape (n_cases,)
            Positions in `classes`.

        Raises
        ------
        TableError
            If a target of several classes meets a value that is none of them.
        """
        text = canonical_text(values)
        if self.is_binary:
            found: IntArray = np.array(text.isin(self.positive), dtype=np.int64)
            found[text.isna().to_numpy()] = -1
            return found
        strange = sorted(set(text.dropna()) - set(self.classes))
        if strange:
            message = (
                f"column {self.column!r} must hold the classes {', '.join(self.classes)} and also holds "
                f"{', '.join(strange[:5])}; rename these values, or leave their rows out"
            )
            raise TableError(message)
        codes = text.map({name: code for code, name in enumerate(self.classes)}).fillna(-1)
        return np.array(codes, dtype=np.int64)


def choose_target(column: str, values: "pd.Series[str]", positive: Sequence[str] = ()) -> Target:
    """Decide the classes of a target column.

    It is binary when `positive` is given or the column has two values; of two values the one that is
    called malignant, 1, yes ... is positive, else the larger one.

    Parameters
    ----------
    column : str
        Name of the column.
    values : Series of shape (n_cases,)
        Its values; missing ones are not counted.
    positive : sequence of str
        Values that are positive.

    Raises
    ------
    TableError
        If a positive value is not in the column, or if there would be one class only.
    """
    counts = canonical_text(values).value_counts()
    levels = tuple(sorted(map(str, counts.index), key=_numbers_first))
    listing = _listing(counts)
    if len(levels) < BINARY:
        message = (
            f"the target {column!r} must hold at least two values and holds {listing or 'none'}; "
            "choose another --target, or add rows of the other class"
        )
        raise TableError(message)
    if positive:
        wanted = tuple(dict.fromkeys(canonical_text(pd.Series([str(p) for p in positive], dtype="str"))))
        return _binary(column, levels, _known(column, wanted, levels, listing), "as given by --positive")
    if len(levels) == BINARY:
        chosen, why = _guess_positive(levels)
        return _binary(column, levels, (chosen,), why)
    return Target(column, levels, (), levels, f"{len(levels)} classes, because no --positive was given")


def _known(column: str, wanted: tuple[str, ...], levels: tuple[str, ...], listing: str) -> tuple[str, ...]:
    """Return the positive values, once each of them and a negative one is known to exist."""
    for value in wanted:
        if value not in levels:
            close = difflib.get_close_matches(value.lower(), [level.lower() for level in levels], n=1)
            hint = [level for level in levels if close and level.lower() == close[0]]
            message = f"--positive {value!r} must be a value of column {column!r}, which holds {listing}" + (
                f"; did you mean {hint[0]!r}?" if hint else "; choose among these"
            )
            raise TableError(message)
    if set(wanted) == set(levels):
        message = (
            f"--positive must leave a negative value in column {column!r}, which holds {listing}; "
            "all of them were given, take at least one away"
        )
        raise TableError(message)
    return wanted


def _binary(column: str, levels: tuple[str, ...], positive: tuple[str, ...], why: str) -> Target:
    """Return a binary target whose classes bear the one value's name, or negative and positive."""
    negative = [level for level in levels if level not in positive]
    names = (
        negative[0] if len(negative) == 1 else "negative",
        positive[0] if len(positive) == 1 else "positive",
    )
    return Target(column, names, positive, levels, f"positive is {', '.join(positive)}, {why}")


def _guess_positive(levels: tuple[str, ...]) -> tuple[str, str]:
    """Return which of two values is positive, and why."""
    lower = [level.lower() for level in levels]
    for words, offset in ((POSITIVE_WORDS, 0), (NEGATIVE_WORDS, 1)):
        hits = [position for position, level in enumerate(lower) if level in words]
        if len(hits) == 1:
            return levels[(hits[0] + offset) % 2], "recognised by its name (else give --positive)"
    return levels[1], "the larger of two values (else give --positive)"


def _numbers_first(level: str) -> tuple[int, float, str]:
    """Sort numbers by size before words by letters."""
    try:
        return (0, float(level), level)
    except ValueError:
        return (1, 0.0, level)


def _listing(counts: "pd.Series[int]") -> str:
    """Return the values of a column with their counts, the most frequent first."""
    shown = [f"{level} ({count})" for level, count in counts.head(30).items()]
    rest = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
