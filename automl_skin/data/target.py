"""The diagnosis column: which values it has, which of them are positive, and labels from them."""

import difflib
import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_skin.arrays import IntArray
from automl_skin.data.polarity import find_positive
from automl_skin.data.spelling import find_spellings, spelling_key
from automl_skin.data.table import canonical_text
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

BINARY = 2
OTHER = "other"
"""The class of what is too rare for one of its own."""

MIN_LIKENESS = 0.8
"""From this likeness on a word may be a typing error: ``melanom`` for ``melanoma``, but not ``scc`` for ``bcc``."""


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
    merged : tuple of str
        Values of the column that are one class, `OTHER`, because few cases have each.
    """

    column: str
    classes: tuple[str, ...]
    positive: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    note: str = ""
    merged: tuple[str, ...] = ()

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
            If there are several classes and a value is not one of them.
        """
        text = canonical_text(values)
        if self.is_binary:
            found: IntArray = np.array(text.isin(self.positive), dtype=np.int64)
            found[text.isna().to_numpy()] = -1
            return found
        text = text.where(~text.isin(self.merged), OTHER)
        strange = sorted(set(text.dropna()) - set(self.classes))
        if strange:
            message = (
                f"column {self.column!r}: expected the classes {', '.join(self.classes)}, got "
                f"{', '.join(strange[:5])} as well; rename these values, or leave their rows out"
            )
            raise TableError(message)
        codes = text.map({name: code for code, name in enumerate(self.classes)}).fillna(-1)
        return np.array(codes, dtype=np.int64)

    def among(self, values: "pd.Series[str]") -> "Target":
        """Return the target as some cases show it: its classes and levels are those that these have.

        The positive values stay those that were given or recognised, whether these cases have them or not.

        Parameters
        ----------
        values : Series of shape (n_cases,)
            The full diagnosis.
        """
        seen = set(canonical_text(values).dropna())
        levels = tuple(level for level in self.levels if level in seen)
        classes = _two_names(levels, self.positive) if self.is_binary else levels
        return replace(self, classes=classes, levels=levels)

    def merge_rare(self, values: "pd.Series[str]", units: "pd.Series[str]", minimum: int) -> "Target":
        """Return the target with the classes of fewer than `minimum` units as one class, `OTHER`.

        Parameters
        ----------
        values : Series of shape (n_cases,)
            The full diagnosis of the cases that decide.
        units : Series of shape (n_cases,)
            What counts once: patient, lesion, or the case itself.

        Raises
        ------
        TableError
            If the target is binary, or fewer than two classes would be left.
        """
        if self.is_binary:
            message = f"--merge-rare {minimum}: expected a target of several classes, got a binary one; leave it out"
            raise TableError(message)
        counts = units.groupby(canonical_text(values).to_numpy(object)).nunique()
        rare = tuple(name for name in self.classes if counts.get(name, 0) < minimum)
        if not rare:
            return replace(self, note=f"{self.note}; none is rarer than --merge-rare {minimum}")
        kept = tuple(name for name in self.classes if name not in rare and name != OTHER)
        listing = ", ".join(f"{name} ({counts.get(name, 0)})" for name in rare)
        if not kept:
            message = (
                f"--merge-rare {minimum}: expected a class of {minimum} patients or lesions at least, got {listing}; "
                "give a smaller number"
            )
            raise TableError(message)
        merged = tuple(name for name in self.classes if name in rare or name == OTHER)
        note = f"{len(kept) + 1} classes: {listing} merged into {OTHER!r} by --merge-rare {minimum}"
        return replace(self, classes=(*kept, OTHER), merged=merged, note=note)


def choose_target(column: str, values: "pd.Series[str]", positive: Sequence[str] = ()) -> Target:
    """Decide the classes of a target column.

    It is binary when `positive` is given or the column has two values. Of two values the one that is called
    malignant, 1, yes ... is positive if the other is called benign, 0, no ...; nothing else is guessed.

    Parameters
    ----------
    values : Series of shape (n_cases,)
        Its values; missing ones are not counted.
    positive : sequence of str
        Values that are positive.

    Raises
    ------
    TableError
        If a positive value is not in the column, if there would be one class only, if one word is written in several
        ways, or if nobody said which of two values is positive.
    """
    counts = count_values(values)
    levels = tuple(sorted(map(str, counts.index), key=_numbers_first))
    if len(levels) < BINARY:
        message = (
            f"the target {column!r}: expected at least two values, got {list_values(counts) or 'none'}; "
            "choose another --target, or add rows of the other class"
        )
        raise TableError(message)
    if positive:
        wanted = as_levels(positive)
        check_positive_spelling(column, wanted, counts)
        return binary_target(column, levels, _known(column, wanted, counts), "as given by --positive")
    check_spelling(column, counts)
    if len(levels) == BINARY:
        chosen = find_positive(levels[0], levels[1], column)
        if chosen is None:
            raise TableError(f"column {column!r}: {ask_for_positive(counts)}")
        return binary_target(column, levels, (chosen,), "recognised by its name (else give --positive)")
    return Target(column, levels, (), levels, f"{len(levels)} classes, because no --positive was given")


def count_values(values: "pd.Series[str]") -> "pd.Series[int]":
    """Return how many rows have each value, the most frequent first; missing ones are not counted."""
    return canonical_text(values).value_counts()


def as_levels(positive: Sequence[str]) -> tuple[str, ...]:
    """Return the values that a user named, written as a column's values are, each once.

    Raises
    ------
    TableError
        If one of them is a word for missing.
    """
    given = [str(each) for each in positive]
    levels = canonical_text(pd.Series(given, dtype="str"))
    for value, level in zip(given, levels, strict=True):
        if pd.isna(level):
            message = f"--positive {value!r}: expected a diagnosis, got a word for a missing value"
            raise TableError(message)
    return tuple(dict.fromkeys(levels))


def ask_for_positive(counts: "pd.Series[int]") -> str:
    """Return the question which value is positive, with the values and the option to add."""
    if len(counts) > BINARY:
        option = "Add --positive with those that are, separated by commas"
    elif len(counts) < BINARY:
        option = "Add --positive with the value that is, whether it occurs or not"
    else:
        quoted = [f'"{level}"' if "," in level else level for level in map(str, counts.index)]
        option = "Add " + " or ".join(f"--positive {shlex.quote(level)}" for level in quoted)
    return f"cannot tell which value is positive; it holds {list_values(counts)}. {option}"


def check_spelling(column: str, counts: "pd.Series[int]") -> None:
    """Refuse a column in which one word is written in several ways, which would be classes of their own.

    Raises
    ------
    TableError
        Naming the first such word.
    """
    for spellings in find_spellings(map(str, counts.index)):
        message = (
            f"column {column!r}: expected one spelling per value, got {_with_counts(spellings, counts)}, which differ "
            "only in case, blanks or the way in which letters and numbers are written; write them alike"
        )
        raise TableError(message)


def check_positive_spelling(column: str, wanted: Sequence[str], counts: "pd.Series[int]") -> None:
    """Refuse a column with a value that is a positive one in another spelling, and would be negative.

    Raises
    ------
    TableError
        Naming both.
    """
    named = {spelling_key(value): value for value in wanted}
    for level in map(str, counts.index):
        meant = named.get(spelling_key(level), level)
        if level in wanted:
            continue
        if meant in counts.index and meant != level:
            message = (
                f"column {column!r}: holds {_with_counts((meant, level), counts)}, which differ only in case, blanks "
                f"or the way in which letters and numbers are written; --positive {meant!r} would leave the other "
                "negative. Write them alike, or name both"
            )
            raise TableError(message)
        if meant != level:
            one, other = _in_quotes((meant, level))
            message = (
                f"--positive {one}: expected a value of column {column!r}, which holds {list_values(counts)}; "
                f"did you mean {other}?"
            )
            raise TableError(message)


def find_typo(value: str, levels: Sequence[str]) -> str | None:
    """Return the level that a value is a typing error of, or None."""
    by_key = {spelling_key(level): level for level in levels}
    close = difflib.get_close_matches(spelling_key(value), list(by_key), n=1, cutoff=MIN_LIKENESS)
    return by_key[close[0]] if close else None


def _known(column: str, wanted: tuple[str, ...], counts: "pd.Series[int]") -> tuple[str, ...]:
    """Return the positive values, once each of them and a negative one is known to exist."""
    levels, listing = list(map(str, counts.index)), list_values(counts)
    for value in wanted:
        if value not in levels:
            typo = find_typo(value, levels)
            hint = f"did you mean {typo!r}?" if typo else "choose among these"
            if any("," in level and value in level.split(",") for level in levels):
                hint = "put a value that holds a comma in quotes: --positive '\"a, b\"'"
            message = (
                f"--positive {value!r}: expected a value of column {column!r}, which holds {listing}; {hint}"
            )
            raise TableError(message)
    if set(wanted) == set(levels):
        message = (
            f"--positive: expected at least one negative value in column {column!r}, which holds {listing}; "
            "all of them were given; leave out at least one"
        )
        raise TableError(message)
    return wanted


def binary_target(column: str, levels: tuple[str, ...], positive: tuple[str, ...], why: str) -> Target:
    """Return a binary target whose classes bear the one value's name, or negative and positive."""
    names = _two_names(levels, positive)
    return Target(column, names, positive, levels, f"positive is {', '.join(positive)}, {why}")


def _two_names(levels: tuple[str, ...], positive: tuple[str, ...]) -> tuple[str, str]:
    """Return the names of the negative and the positive class."""
    negative = [level for level in levels if level not in positive]
    return (
        negative[0] if len(negative) == 1 else "negative",
        positive[0] if len(positive) == 1 else "positive",
    )


def _numbers_first(level: str) -> tuple[float, str]:
    """Sort numbers by size before words by letters, of which INF (inflammatory) is one."""
    try:
        number = float(level)
    except ValueError:
        number = np.inf
    return number if np.isfinite(number) else np.inf, level


def list_values(counts: "pd.Series[int]") -> str:
    """Return the values of a column with their counts, the most frequent first."""
    return list_some([f"{level} ({count})" for level, count in counts.items()], 30)


def _with_counts(values: Sequence[str], counts: "pd.Series[int]") -> str:
    """Return some values of a column with their counts."""
    shown = zip(_in_quotes(values), values, strict=True)
    return " and ".join(f"{quoted} ({counts[value]})" for quoted, value in shown)


def _in_quotes(values: Sequence[str]) -> list[str]:
    """Return values in quotes that show their blanks; letter by letter where they look alike."""
    looks = {unicodedata.normalize("NFC", value) for value in values}
    return [repr(value) if len(looks) == len(values) else ascii(value) for value in values]
