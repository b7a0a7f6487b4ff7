"""Which of the remaining columns are metadata, of which kind, and their cleaned values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from automl_skin.data.dates import holds_dates
from automl_skin.data.headers import means_age
from automl_skin.data.identifiers import likely_roles, why_id
from automl_skin.data.missing import count_words, find_code_words, find_codes
from automl_skin.data.roles import Remark, Roles
from automl_skin.data.sources import KNOWN_TABLES, why_ignored_by_name
from automl_skin.data.table import canonical_text, holds_numbers, name_rows, require_column, to_numbers
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

Kind = Literal["number", "category"]
Codes = Mapping[str, tuple[float, ...]]
"""For columns that have some: the numbers that stand for a missing value."""

MAX_CATEGORY_LEVELS = 10
"""Whole numbers of more different values are quantities."""
MAX_AGE_YEARS = 120
MAX_VALUE = 1e8
"""Numbers from this size on are codes for missing or typing errors."""


@dataclass(frozen=True)
class MetadataColumns:
    """The metadata columns.

    Parameters
    ----------
    kinds : mapping of str to {"number", "category"}
        For each metadata column.
    reasons : mapping of str to str
        Why a column is metadata, or why it is not.
    codes : mapping of str to tuple of float
        Numbers that stand for a missing value, for the columns that have some; see `find_codes`.
    remarks : tuple of Remark
        What a person should decide: columns that look like the ids of patients or lesions.
    """

    kinds: Mapping[str, Kind]
    reasons: Mapping[str, str]
    codes: Codes = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


def choose_metadata(
    table: pd.DataFrame, roles: Roles, asked: Sequence[str] | None = None, ignore: Sequence[str] = ()
) -> MetadataColumns:
    """Decide which columns are metadata: no ids, varying, and known before the diagnosis.

    Parameters
    ----------
    roles : Roles
        The other roles.
    asked : sequence of str or None
        The metadata columns if the user named them; then no other column is.
    ignore : sequence of str
        Columns that the user does not want.

    Raises
    ------
    TableError
        If a named column does not exist or has another role.
    """
    taken = roles.taken
    for column in ignore:
        require_column(table, column, "the ignored column")
    if asked is not None:
        return _as_asked(table, taken, asked, ignore)
    known = next((known for known in KNOWN_TABLES if known.name == roles.table), None)
    kinds: dict[str, Kind] = {}
    reasons: dict[str, str] = {}
    codes: dict[str, tuple[float, ...]] = {}
    remarks = []
    for column in map(str, table.columns):
        if column in taken:
            continue
        found = codes_in(table[column])
        values = without_codes(table[column], found)
        listed = known is not None and column in known.metadata
        why = "as given" if column in ignore else roles.reasons.get(column)
        if why is None and known is not None:
            why = known.ignored.get(column)
        if why is None:
            why, repeats = _why_useless(values, table, roles, listed=listed)
            if repeats:
                remarks.append(Remark(column, f"{why}; {likely_roles(roles)}"))
        if why is None:
            quantity = known is not None and column in known.numbers
            kinds[column] = "number" if quantity else kind_of(values)
            why = f"metadata of {known.name}" if known is not None and listed else "tells something"
            codes |= {column: found} if found else {}
        reasons[column] = why
    return MetadataColumns(kinds, reasons, codes, tuple(remarks))


def codes_in(values: "pd.Series[Any]") -> tuple[float, ...]:
    """Return the numbers of a column that stand for a missing value."""
    return (
        find_codes(to_numbers(values)) if holds_numbers(values) else find_code_words(canonical_text(values))
    )


def without_codes(values: "pd.Series[Any]", codes: Collection[float]) -> "pd.Series[Any]":
    """Return a column in which the numbers that stand for a missing value are NA."""
    return values.mask(to_numbers(values).isin(list(codes))) if codes else values


def kind_of(values: "pd.Series[Any]") -> Kind:
    """Return whether a column is a quantity or a category.

    Ages and numbers with decimals are quantities, whole numbers with more than 10 different values too.
    """
    if not holds_numbers(values):
        return "category"
    if means_age(str(values.name)):
        return "number"
    numbers = to_numbers(values)
    finite = numbers[np.isfinite(numbers)]
    whole = bool((finite == finite.round()).all())
    return "category" if whole and finite.nunique() <= MAX_CATEGORY_LEVELS else "number"


def clean_metadata(
    table: pd.DataFrame, kinds: Mapping[str, Kind], codes: Codes | None = None
) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Return the metadata columns as float64 and str, without what stands for missing, and remarks.

    A column that is not in the table is missing in all rows. Words for missing, `codes` and impossible numbers
    are missing.

    Returns
    -------
    DataFrame of n_rows rows
        Numbers with NaN, categories with NA.
    tuple of Remark
        One per column and way in which something was removed.
    """
    columns: dict[str, pd.Series[Any]] = {}
    remarks: list[Remark] = []
    for column, kind in kinds.items():
        given = table.get(column)
        if given is None:
            given = pd.Series(np.nan, index=table.index)
            remarks.append(Remark(column, "not in the table: missing in all rows"))
        known = (codes or {}).get(column, ())
        remarks += remark_missing(given, known)
        values = without_codes(given, known)
        columns[column] = canonical_text(values) if kind == "category" else to_numbers(values)
        if kind == "number":
            columns[column], found = _possible(columns[column], canonical_text(values), column)
            remarks += found
    return pd.DataFrame(columns, index=table.index), tuple(remarks)


def remark_missing(values: "pd.Series[Any]", codes: Collection[float] = ()) -> list[Remark]:
    """Return a remark on the words and numbers of a column that were taken for missing, if there are any."""
    words = count_words(values)
    numbers = to_numbers(values)
    words += [(f"{code:g}", count) for code in codes if (count := int((numbers == code).sum()))]
    if not words:
        return []
    shown = [f"{word!r} in {count:,} row{'s' if count > 1 else ''}" for word, count in words]
    hint = "; if one of these is a value, write it as another word" if codes else ""
    return [Remark(str(values.name), f"taken as missing: {list_some(shown)}{hint}")]


def impossible_numbers(numbers: "pd.Series[float]", column: str) -> "pd.Series[bool]":
    """Return which numbers of a column are impossible: infinite, codes such as 1e9, ages above 120 years."""
    wrong = numbers.notna() & (~np.isfinite(numbers) | (numbers.abs() >= MAX_VALUE))
    if means_age(column):
        wrong |= (numbers < 0) | (numbers > MAX_AGE_YEARS)
    return wrong


def _possible(
    numbers: "pd.Series[float]", text: "pd.Series[str]", column: str
) -> tuple["pd.Series[float]", list[Remark]]:
    """Return numbers without the impossible ones, and a remark if there were any."""
    wrong = impossible_numbers(numbers, column)
    strange = wrong | (numbers.isna() & text.notna())
    if not strange.any():
        return numbers, []
    examples = ", ".join(text[strange].unique()[:3])
    where = name_rows(numbers.index[strange])
    note = f"{int(strange.sum()):,} impossible values taken as missing ({examples}; {where})"
    return numbers.mask(wrong), [Remark(column, note)]


def _as_asked(
    table: pd.DataFrame, taken: Mapping[str, str], asked: Sequence[str], ignore: Sequence[str]
) -> MetadataColumns:
    """Return the metadata columns that the user named."""
    for column in asked:
        require_column(table, column, "the metadata column")
        if column in taken:
            message = (
                f"the metadata column {column!r}: expected a column without another role, got {taken[column]}; leave "
                "it out of the metadata"
            )
            raise TableError(message)
    wanted = [column for column in asked if column not in ignore]
    codes = {column: found for column in wanted if (found := codes_in(table[column]))}
    kinds = {column: kind_of(without_codes(table[column], codes.get(column, ()))) for column in wanted}
    rest = {column: "not among the metadata given" for column in table.columns if column not in taken}
    return MetadataColumns(kinds, rest | dict.fromkeys(kinds, "as given"), codes)


def _one_level(values: "pd.Series[Any]", text: "pd.Series[str]") -> str:
    """Return why a column with one level is of no use; it may be a box that was ticked or not."""
    only = f"the same in all rows that have it ({text.dropna().iloc[0]!r})"
    if not text.isna().any():
        return only
    words = [repr(word) for word, _ in count_words(values)]
    others = f"{', '.join(words)} or an empty cell" if words else "an empty cell"
    return f"{only}; if {others} means no, write no instead"


def _why_useless(
    values: "pd.Series[Any]", table: pd.DataFrame, roles: Roles, *, listed: bool
) -> tuple[str | None, bool]:
    """Return why a column is not metadata, or None, and whether it holds ids that repeat.

    Columns that are `listed` for a known table must only vary.
    """
    text = canonical_text(values)
    levels, column = int(text.nunique()), str(values.name)
    if levels == 0:
        return "empty", False
    if levels == 1:
        return _one_level(values, text), False
    if listed:
        return None, False
    why = why_ignored_by_name(column)
    if why is None and holds_dates(values):
        why = "dates or times, not categories; give an age or a duration as a number instead"
    if why is not None:
        return why, False
    others = [name for name in table.columns if name not in {column, roles.target}]
    id_ = why_id(values, table[others] if roles.patient is None else table[[]])
    return (None, False) if id_ is None else (id_.reason, id_.repeats)
