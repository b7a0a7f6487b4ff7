"""Columns that give the label away, found by their values and not by their names.

An honest column changes the odds of a class; a leak makes it certain, because it was written down by someone
who knew the diagnosis. So the sign is *certainty*, not strength: on HAM10000 age has an AUC of 0.75, and
`mel_thick_mm` of ISIC-DICM-17K one of 0.55. A set of rows is *given away* when

- it holds 20 rows or more,
- 20 rows of other classes would be expected in it, were the column unrelated to the class, and
- at most 1 % as many are found: none among the first 100 expected, so that a wrong label hides no leak.

Why 20 expected: by the rule of three, none found of 20 expected means with 95 % confidence that other classes
are at least 20 / 3 times rarer there than elsewhere; a set where they are honestly five times rarer passes by
luck once in fifty times (exp(-4)). It also makes the rule fair to rare classes: where 2 % of the cases are
malignant, a level of 100 benign rows says nothing.

Only the partition of the rows counts: renamed columns and levels coded as integers make no difference. *Missing*
is not a level. What gives the class away by being absent (questions that only biopsied patients were asked) is not a
leak of its values: these stay, compared among the rows that have one, and the absence is hidden from the model,
which fills missing values at random. A column that gives it away by being *present* is one. Each rule is applied
to the label and to the full diagnosis:

levels
    A tenth of all rows lie in levels that are given away. Columns of many numbers are cut into bins of
    neighbouring values first. A tenth, because extreme values of an honest column give some rows away (no
    malignant lesion below the age of 20).
filled
    The rows that have a value, all together, are given away; or one level has half of the rows that have one,
    and the others together are given away. No share is asked for: being filled in at all is the leak.
copy
    Levels of 5 rows or more, missing among them, hold 90 % of the rows and have, all together, at most 1 % of
    the rows of other classes that would be expected: the target under another name, also in tables too small
    for the others. The same among the rows that have a value, and among those that have not the most frequent
    one: the target copied into a part of the rows. Where that part is too small for this (15 rows of 200: "ok" is
    always benign, "refer" always malignant), a question is asked if its levels determine the class and do so by
    chance in less than one of a hundred such columns.
prefix, suffix
    The first or last token of a text of many values (image names, paths), by the rule for levels. Of a column of
    dates the days in order, cut into ten periods: all melanomas entered in one month.
sparse, constant
    One level, or missing, has 99 % of the rows and the others are all of one class, or there are no others:
    too few to learn from, and too few to show that the column is harmless (in ISIC-DICM-17K's validation
    table `mel_ulcer` is filled in once). From 95 %, the same if 5 rows of other classes would be expected.

Strength may rest on few rows: of 200 cases, an honest score of 0 to 10 with an AUC of 0.95 leaves its lowest levels
without a malignant case. A leak is *sure* where it is one by construction (copy, filled among missing, prefix, suffix,
sparse, constant) or one level alone would be expected to hold 40 rows of other classes (others are 13 times rarer
there); else it is a question: the column is kept, and whoever knows how it came about decides. Questions are asked from
a twentieth of the rows in one level of words on. Of 40 tables of 100 to 300 rows with two honest scores of AUC 0.87 to
0.98 each, 14 lost a score where every leak was sure, and 1 does now; `dx_type` of HAM10000 is sure from about 700 rows
on (malignant; melanoma from about 1,000: between subsets of 500, 1,001 and 2,003), and asked about below.

Measured on HAM10000 (malignant, melanoma, seven classes) and ISIC-DICM-17K (training, validation, both):

===========================================  ====================================================
share of rows given away (threshold 0.1)     age, sex, site 0.000 in all; `dx_type` 0.38 to 0.46;
                                             `diagnosis_confirm_type` 0.20 to 0.35; `diagnosis` 0.68 to
                                             0.69; `benign_malignant` 0.92 to 0.96 (and a copy); suffix
                                             of `image` 1.0
expected, none found (filled, threshold 20)  `mel_class` 26.5 to 502; `mel_mitotic_index` 27;
                                             `mel_type`, `mel_ulcer`, `nevus_type` 95 to 174;
                                             `mel_thick_mm` 336
nearest honest level                         HAM10000, age 15: none of 15 expected malignant (77 rows)
filled in too rarely (validation)            `mel_type`, `mel_ulcer`, `nevus_type` 1 to 7 rows (sparse);
                                             `mel_mitotic_index`, `mel_thick_mm` empty (constant)
===========================================  ====================================================

In 80 random subsets of HAM10000 (5 to 60 % of the rows) for each of the three targets `dx_type` was always
found, and age, sex and site never.

Not found: a leak of several columns together only (`one_hot` finds ticks, `strength` says how far all reach); noise in
more than 1 % of the misfits expected; a column that gives fewer rows away than the thresholds say (`melanocytic` of
the training table).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from math import comb, exp, lgamma, log
from typing import Any

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, FloatArray, IntArray
from automl_skin.data.dates import holds_dates, to_days
from automl_skin.data.table import canonical_text, to_numbers

_MIN_ROWS = 20
_MIN_EXPECTED = 20.0
_TOLERATED = 0.01
_MIN_SHARE = 0.1
_ASK_SHARE = 0.05
_SURE_EXPECTED = 40.0
_DOMINATING = 0.5
_SPARSE_SHARE, _SPARSE_EXPECTED, _TOO_FEW_SHARE = 0.05, 5.0, 0.01
_COPY_ROWS, _COPY_SHARE, _COPY_EXPECTED = 5, 0.9, 10.0
_MAX_CHANCE = 0.01
_MANY_LEVELS = 20
_MAX_DAYS = 40_000
_MAX_BINS, _MAX_PERIODS = 50, 10
_EXTENSION = r"\.[A-Za-z]{2,5}$"
_LEADING = r"^([^\W_]+)(?=[\W_])"
_TRAILING = r"[\W_]([^\W_]+)$"


@dataclass(frozen=True)
class Leak:
    """A column that gives the label away.

    Parameters
    ----------
    column : str
        Its name.
    kind : str
        ``levels``, ``filled``, ``copy``, ``prefix``, ``suffix``, ``sparse`` or ``constant``.
    reason : str
        What was seen, for people.
    share : float
        Share of the rows whose class the column gives away.
    is_sure : bool
        False where it rests on so few rows that an honest, strong predictor may look alike.
    """

    column: str
    kind: str
    reason: str
    share: float
    is_sure: bool = True


@dataclass(frozen=True)
class _Counts:
    """Rows by level and class of one column; `missing` is the level of the rows without a value, if any."""

    table: IntArray
    levels: list[str]
    classes: list[str]
    missing: int | None = None

    @property
    def rows(self) -> IntArray:
        return np.asarray(self.table.sum(axis=1))

    @property
    def share(self) -> FloatArray:
        """Share of each class in all rows."""
        return np.asarray(self.table.sum(axis=0) / self.table.sum())

    def misfits(self) -> tuple[IntArray, FloatArray]:
        """Return, by level, the rows outside its largest class, found and expected."""
        found = self.rows - self.table.max(axis=1)
        expected = self.rows * (1 - self.share[self.table.argmax(axis=1)])
        return found, expected

    def given_away(self) -> BoolArray:
        """Return which levels are given away."""
        found, expected = self.misfits()
        sure = (self.rows >= _MIN_ROWS) & (expected >= _MIN_EXPECTED)
        return np.asarray(sure & (found <= _TOLERATED * expected))

    def is_sure(self) -> bool:
        """Whether a level that is given away is so on many rows."""
        _, expected = self.misfits()
        return bool((expected[self.given_away()] >= _SURE_EXPECTED).any())

    def present(self) -> "_Counts":
        """Return the counts of the rows that have a value."""
        return self if self.missing is None else self.without(self.missing)

    def without(self, level: int) -> "_Counts":
        """Return the counts of the rows of all levels but one."""
        levels = [name for each, name in enumerate(self.levels) if each != level]
        return _Counts(np.delete(self.table, level, axis=0), levels, self.classes)

    def against(self, level: int) -> "_Counts":
        """Return the counts of one level and of all others together."""
        rest = self.table.sum(axis=0) - self.table[level]
        return _Counts(np.stack([self.table[level], rest]), [self.levels[level], "others"], self.classes)


def find_leaks(
    table: pd.DataFrame,
    labels: "pd.Series[Any]",
    diagnosis: "pd.Series[str] | None" = None,
    skip: Collection[str] = (),
) -> list[Leak]:
    """Find the columns that give the label away.

    Parameters
    ----------
    table : pandas.DataFrame
        Any columns; one row per case or image.
    labels : pandas.Series
        The class of each row of `table`, in its order; names or numbers. Rows without one are left out.
    diagnosis : pandas.Series, optional
        The full diagnosis of each row, where it is finer than the class.
    skip : collection of str
        Columns that are not looked at: the target itself.

    Returns
    -------
    list of Leak
        At most one for each column, in the order of the columns.
    """
    labelled = pd.Series(np.asarray(labels)).notna().to_numpy()
    rows = table.loc[labelled]
    outcomes = [np.asarray(values)[labelled] for values in (labels, diagnosis) if values is not None]
    coded = [pd.factorize(pd.Series(values).astype("str").fillna("missing")) for values in outcomes]
    if rows.empty or len(coded[0][1]) < 2:  # nothing can be given away
        return []
    columns = [name for name in rows.columns if name not in skip]
    found = (_first_leak(rows[name], coded) for name in columns)
    return [leak for leak in found if leak is not None]


def _first_leak(values: "pd.Series[str]", outcomes: list[tuple[IntArray, "pd.Index[str]"]]) -> Leak | None:
    """Return the strongest sign in one column, by all rules against all outcomes."""
    partitions = list(_partitions(values))
    leaks = [
        leak
        for codes, classes in outcomes
        for kind, (levels, names) in partitions
        for leak in _leaks(str(values.name), kind, _count(levels, names, codes, classes))
    ]
    return max(leaks, key=lambda leak: (leak.is_sure, leak.share), default=None)


def _partitions(values: "pd.Series[Any]") -> Iterator[tuple[str, tuple[IntArray, "pd.Index[Any]"]]]:
    """Yield the ways in which a column divides the rows: levels, and bins or tokens where it has many.

    The name of the level of rows without a value is NA in all of them.
    """
    text = canonical_text(values)
    levels, names = pd.factorize(text, use_na_sentinel=False)
    yield "levels", (levels, names)
    rows = np.bincount(levels[text.notna().to_numpy()])
    if len(rows) <= _MANY_LEVELS or rows[rows >= _MIN_ROWS].sum() > text.notna().sum() / 2:
        return
    if holds_dates(values):
        yield "dates", _bins(to_days(values), _MAX_PERIODS, _say_day)
        return
    numbers = to_numbers(values)
    if numbers.notna().sum() == text.notna().sum():
        yield "bins", _bins(numbers)
        return
    stems = text.str.replace(_EXTENSION, "", regex=True)
    for kind, pattern in (("prefix", _LEADING), ("suffix", _TRAILING)):
        tokens = stems.str.extract(pattern, expand=False).fillna("none").where(text.notna())
        yield kind, pd.factorize(tokens, use_na_sentinel=False)


def _say_day(days: float) -> str:
    """Return days since 1970 as a date; what is counted otherwise (20210305) as a number."""
    return f"{days:.0f}" if days > _MAX_DAYS else str(pd.Timestamp(days, unit="D").date())


def _bins(
    values: "pd.Series[float]", most: int = _MAX_BINS, say: Callable[[float], str] = "{:g}".format
) -> tuple[IntArray, "pd.Index[Any]"]:
    """Cut numbers into at most so many bins of neighbours; equal values stay together, missing is a bin."""
    rank = values.rank(method="min") - 1
    per_bin = max(_MIN_ROWS, -(-int(values.notna().sum()) // most))
    number = (rank // per_bin).astype("Float64")
    codes, bins = pd.factorize(number, use_na_sentinel=False)
    smallest = values.groupby(codes).min()
    names = [None if pd.isna(name) else f"from {say(smallest[code])}" for code, name in enumerate(bins)]
    return codes, pd.Index(names, dtype="str")


def _count(levels: IntArray, names: "pd.Index[Any]", codes: IntArray, classes: "pd.Index[str]") -> _Counts:
    absent = np.flatnonzero(pd.isna(names))
    named = pd.Index(names).astype("str").fillna("missing").tolist()
    cells = np.bincount(levels * len(classes) + codes, minlength=len(named) * len(classes))
    table = cells.reshape(len(named), len(classes))
    missing = int(absent[0]) if len(absent) else None
    return _Counts(table, named, [str(name) for name in classes], missing)


def _leaks(column: str, kind: str, counts: _Counts) -> Iterator[Leak]:
    """Yield what the rules find in one partition of a column."""
    n_rows, present = int(counts.rows.sum()), counts.present()
    share = float(present.rows[present.given_away()].sum() / n_rows) if present.levels else 0.0
    if share >= (_ASK_SHARE if kind == "levels" else _MIN_SHARE):
        by_construction = kind in {"prefix", "suffix"}
        is_sure = by_construction or (share >= _MIN_SHARE and present.is_sure())
        reason = _levels_reason(kind, present, share)
        yield Leak(column, kind if by_construction else "levels", reason, share, is_sure)
    if kind != "levels":
        return
    if counts.missing is not None:
        yield from _filled_in(column, counts.against(counts.missing), "missing", n_rows)
    if present.levels:
        dominating = int(present.rows.argmax())
        others = present.against(dominating)
        yield from _filled_in(column, others, present.levels[dominating], n_rows)
        yield from _partial_copy(column, present.without(dominating), n_rows)
    if _is_copy(counts):
        reason = f"the target under another name: its {len(counts.levels)} levels determine the class"
        yield Leak(column, "copy", reason, 1.0)
    else:
        yield from _partial_copy(column, present, n_rows)


def _partial_copy(column: str, part: _Counts, n_rows: int) -> Iterator[Leak]:
    """Yield that the target was copied into a part of the rows."""
    is_copy = len(part.levels) > 1 and _is_copy(part)
    if not is_copy and _chance_of_determining(part) >= _MAX_CHANCE:
        return
    share, expected = float(part.rows.sum() / n_rows), float(part.misfits()[1].sum())
    reason = (
        f"the target under another name in {share:.1%} of the rows, where its levels determine the class: "
        f"{', '.join(part.levels[:3])}"
    )
    yield Leak(column, "copy", reason, share, is_sure=is_copy and expected >= _SURE_EXPECTED)


def _chance_of_determining(part: _Counts) -> float:
    """Return at most how often levels that have nothing to do with the class determine it as these do.

    Of n rows, n! / (n_1! ... n_c!) draws of the classes are equally likely, and at most as many of them leave every
    level pure as there are ways to give the levels the classes, each to one level or more. 1 where a level is mixed, or
    all rows are of one class.
    """
    sizes = part.table.sum(axis=0)
    sizes, n_levels = sizes[sizes > 0], len(part.levels)
    is_mixed = bool((part.rows > part.table.max(axis=1)).any())
    if is_mixed or not 2 <= len(sizes) <= n_levels <= _MANY_LEVELS:  # two classes
        return 1.0
    n_classes = len(sizes)
    ways = sum((-1) ** k * comb(n_classes, k) * (n_classes - k) ** n_levels for k in range(n_classes))
    draws = lgamma(sizes.sum() + 1) - sum(lgamma(size + 1) for size in sizes)
    return min(1.0, exp(log(ways) - draws))


def _filled_in(column: str, filled: _Counts, usual: str, n_rows: int) -> Iterator[Leak]:
    """Yield what the rules say of the rows that are not as `usual`, missing or a dominating level.

    Parameters
    ----------
    filled : _Counts
        Of the usual rows, and of the others.
    n_rows : int
        All rows, those without a value among them.
    """
    n_seen, n_filled = int(filled.rows.sum()), int(filled.rows[1])
    share = n_filled / n_seen
    if n_filled == 0:
        if usual == "missing" or n_seen == n_rows:
            yield Leak(column, "constant", f"every row is {usual}: nothing can be learned from it", 0.0)
        return
    if share > _DOMINATING and usual != "missing":
        return
    name = filled.classes[int(filled.table[1].argmax())]
    found, expected = (values[1] for values in filled.misfits())
    seen = f"{n_filled} of {n_seen} rows are not {usual}, and "
    if filled.given_away()[1]:
        others = f"{found} are of another class where {expected:.0f} were expected"
        is_sure = usual == "missing" or filled.is_sure()
        yield Leak(column, "filled", f"{seen}give class {name} away: {others}", share, is_sure)
    elif found == 0 and share < (_SPARSE_SHARE if expected >= _SPARSE_EXPECTED else _TOO_FEW_SHARE):
        few = f"all are of class {name}: too few to learn from, or to rule out a leak"
        yield Leak(column, "sparse", seen + few, share)


def _is_copy(counts: _Counts) -> bool:
    """Say whether nearly every row's class follows from its level."""
    large = counts.rows >= _COPY_ROWS
    found, expected = counts.misfits()
    unavoidable = counts.rows.sum() * (1 - counts.share.max())
    covered = counts.rows[large].sum() >= _COPY_SHARE * counts.rows.sum()
    pure = found[large].sum() <= _TOLERATED * expected[large].sum()
    return bool(covered and pure and unavoidable >= _COPY_EXPECTED)


def _levels_reason(kind: str, counts: _Counts, share: float) -> str:
    """Name the largest levels that are given away."""
    given = np.flatnonzero(counts.given_away())
    largest = given[np.argsort(-counts.rows[given], kind="stable")][:3]
    shown = ", ".join(
        f"{counts.levels[i]} ({counts.rows[i]} rows, class {counts.classes[int(counts.table[i].argmax())]})"
        for i in largest
    )
    what = {"levels": "levels", "bins": "ranges of values", "dates": "periods"}.get(kind, f"a {kind}")
    return f"{share:.1%} of the rows lie in {what} of one class only: {shown}"
