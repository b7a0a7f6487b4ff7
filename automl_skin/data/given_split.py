"""A split of the user's own: words or fold numbers become parts and folds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_skin.data.groups import Crossing, Groups
from automl_skin.data.wording import list_some
from automl_skin.errors import ConfigError, TableError

if TYPE_CHECKING:
    import pandas as pd

DEVELOPMENT, LOCKED, LEFT_OUT = "development", "locked", "left_out"
_WORDS = {
    **dict.fromkeys(("development", "train", "training", "val", "valid", "validation"), DEVELOPMENT),
    **dict.fromkeys(("test", "locked", "holdout"), LOCKED),
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
        return sides.where(self.parts != LEFT_OUT)


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
    words = _read_words(split, cases)
    numeric = words.str.fullmatch(_NUMBER)
    parts = words.map(_WORDS).mask(numeric, DEVELOPMENT)
    if parts.isna().any() or (numeric.any() and (words.isin(_WORDS) & (parts == DEVELOPMENT)).any()):
        found = ", ".join(sorted(words.unique())[:10])
        message = (
            f"the split: expected the words {', '.join(_WORDS)}, or fold numbers 0, 1, 2 ... beside a word for the "
            f"locked test set; got {found}"
        )
        raise ConfigError(message)
    if numeric.any():
        return _numbered(words, parts, numeric)
    if len(parts.unique()) == 1:
        message = (
            f"the split: expected a development part and a locked test set, got only {', '.join(words.unique())}; "
            "call the part that is to be locked 'test', or leave out --split"
        )
        raise ConfigError(message)
    merged = sorted(words[parts == DEVELOPMENT].unique())
    notes = (f"{' and '.join(merged)} together are the development part",) if len(merged) > 1 else ()
    return GivenSplit(parts, None, notes)


def _read_words(split: "pd.Series[str]", cases: "pd.Index[str]") -> "pd.Series[str]":
    """Return the value of each case in lower case, and refuse cases without one or with two."""
    twice = split.index[split.index.duplicated()]
    if len(twice):
        raise TableError(
            f"the split: expected each case once, got {list_some(twice.unique())} more than once"
        )
    words = split.reindex(cases)
    words = words.astype("str").str.strip().str.lower().mask(words.isna())
    missing = words.index[words.isna() | (words == "")]
    if len(missing):
        message = (
            f"the split: expected a value for every case, got none for {len(missing)} of {len(cases)}: "
            f"{list_some(missing)}; fill them in, or remove these rows from the table"
        )
        raise TableError(message)
    return words


def _numbered(words: "pd.Series[str]", parts: "pd.Series[str]", numeric: "pd.Series[bool]") -> GivenSplit:
    """Read fold numbers; folds are called 0 to K - 1."""
    numbers = words.where(numeric, "-1").astype("float64").astype("int64")
    names = sorted(set(numbers[numeric]))
    if len(names) == 1:
        raise ConfigError(f"the split: expected at least two fold numbers, got only {names[0]}")
    folds = numbers.map({-1: -1, **{name: position for position, name in enumerate(names)}})
    notes = []
    if names != list(range(len(names))):
        notes.append(f"the given folds {', '.join(map(str, names))} are called 0 to {len(names) - 1}")
    if numeric.all():
        notes.append("the given split has no locked test set: every figure is out-of-fold only")
    return GivenSplit(parts, folds, tuple(notes))


def leave_crossing_out(groups: Groups, given: GivenSplit) -> GivenSplit:
    """Leave out the development cases whose group reaches into the locked part, and note it."""
    crossing = groups.crossing(given.parts)
    dropped = crossing.cut & (given.parts == DEVELOPMENT)
    if not dropped.any():
        return given
    n_development = int((given.parts == DEVELOPMENT).sum())
    note = (
        f"{int(dropped.sum())} of {n_development} development cases are left out, because their group "
        f"({crossing.groups} groups) reaches into the locked part. {crossing.describe()}"
    )
    return GivenSplit(given.parts.mask(dropped, LEFT_OUT), given.folds, (*given.notes, note))


def describe_crossing(crossing: Crossing, given: GivenSplit) -> str:
    """Say how many groups a split cuts, and how many cases that concerns."""
    locked = given.parts == LOCKED
    of_locked = f", {crossing.cut[locked].mean():.1%} of the locked ones" if locked.any() else ""
    return (
        f"the given split cuts {crossing.groups} groups; {crossing.share:.1%} of the cases ({crossing.cases}"
        f"{of_locked}) have their group on more than one side. {crossing.describe()}"
    )


def why_refused(crossing: Crossing, given: GivenSplit) -> str:
    """Return why a split is refused, and what to do."""
    return (
        "expected each group (cases that share a patient, a lesion or an image) on one side of the split, but "
        f"{describe_crossing(crossing, given)} Leave out --split for a plan of whole groups. Or give --drop-crossing "
        "to leave out the development cases whose group is in the locked part. Or continue with --waive-leakage, "
        "and every report, run and bundle will carry this share"
    )
