"""A split that the user brings: words or fold numbers become parts and folds."""

from dataclasses import dataclass

import pandas as pd

from automl_skin.errors import ConfigError, TableError

_WORDS = {
    **dict.fromkeys(("development", "train", "training", "val", "valid", "validation"), "development"),
    **dict.fromkeys(("test", "locked", "holdout"), "locked"),
}
_NUMBER = r"\d+(?:\.0+)?"


@dataclass(frozen=True)
class GivenSplit:
    """What a split says about each case.

    Parameters
    ----------
    parts : pandas.Series
        Case -> ``development``, ``locked`` or ``left_out``.
    folds : pandas.Series or None
        Case -> fold, 0 to K - 1, and -1 outside development; None where the split has no fold numbers.
    notes : tuple of str
        How it was understood, where that is not plain.
    """

    parts: "pd.Series[str]"
    folds: "pd.Series[int] | None"
    notes: tuple[str, ...]

    @property
    def sides(self) -> "pd.Series[str]":
        """Case -> the side that its group must stay on; missing for a case that is left out."""
        sides = self.parts if self.folds is None else self.parts + " " + self.folds.astype(str)
        return sides.where(self.parts != "left_out")


def parse_split(split: "pd.Series[str]", cases: "pd.Index[str]") -> GivenSplit:
    """Read the values of a split.

    Parameters
    ----------
    split : pandas.Series
        Case -> word or fold number, in any order; further cases are not looked at.
    cases : pandas.Index
        The cases that need a value.

    Raises
    ------
    TableError
        If a case has no value, or the split gives a case twice.
    ConfigError
        If a value is not understood, or there is only one part.
    """
    words = _one_word_a_case(split, cases)
    numeric = words.str.fullmatch(_NUMBER)
    parts = words.map(_WORDS).mask(numeric, "development")
    if parts.isna().any() or (numeric.any() and (words.isin(_WORDS) & (parts == "development")).any()):
        found = ", ".join(sorted(words.unique())[:10])
        message = (
            f"a split must consist of the words {', '.join(_WORDS)}, or of fold numbers 0, 1, 2 ... beside one of "
            f"the words for a locked test set; found {found}"
        )
        raise ConfigError(message)
    if numeric.any():
        return _numbered(words, parts, numeric)
    if parts.nunique() == 1:
        message = (
            f"a split must name a development part and a locked test set, found only {', '.join(words.unique())}: "
            "call the part that is to be locked 'test', or leave --split out"
        )
        raise ConfigError(message)
    merged = sorted(words[parts == "development"].unique())
    notes = (f"{' and '.join(merged)} together are the development part",) if len(merged) > 1 else ()
    return GivenSplit(parts, None, notes)


def _one_word_a_case(split: "pd.Series[str]", cases: "pd.Index[str]") -> "pd.Series[str]":
    """Return the value of each case in lower case, and refuse cases without one or with two."""
    twice = split.index[split.index.duplicated()]
    if len(twice):
        raise TableError(f"a split must give a case once, found {_some(twice.unique())} more than once")
    words = split.reindex(cases)
    words = words.astype("str").str.strip().str.lower().mask(words.isna())
    missing = words.index[words.isna() | (words == "")]
    if len(missing):
        message = (
            f"a split must have a value for every case, and {len(missing)} of {len(cases)} have none: "
            f"{_some(missing)}. Fill them in, or take these rows out of the table"
        )
        raise TableError(message)
    return words


def _numbered(words: "pd.Series[str]", parts: "pd.Series[str]", numeric: "pd.Series[bool]") -> GivenSplit:
    """Read fold numbers; folds are called 0 to K - 1."""
    numbers = words.where(numeric, "-1").astype("float64").astype("int64")
    names = sorted(set(numbers[numeric]))
    if len(names) == 1:
        raise ConfigError(f"a split with fold numbers must have at least two folds, found only {names[0]}")
    folds = numbers.map({-1: -1, **{name: position for position, name in enumerate(names)}})
    notes = []
    if names != list(range(len(names))):
        notes.append(f"the given folds {', '.join(map(str, names))} are called 0 to {len(names) - 1}")
    if numeric.all():
        notes.append("the given split has no locked test set: every figure is out-of-fold only")
    return GivenSplit(parts, folds, tuple(notes))


def _some(cases: "pd.Index[str]") -> str:
    shown = ", ".join(map(str, cases[:5]))
    return f"{shown} and {len(cases) - 5} more" if len(cases) > 5 else shown
