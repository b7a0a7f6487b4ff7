"""Which of the remaining columns are metadata, of which kind, and their cleaned values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from automl_skin.data.roles import Remark, Roles
from automl_skin.data.sources import KNOWN_TABLES, normal_name, why_ignored_by_name
from automl_skin.data.table import canonical_text, name_rows, require_column, to_numbers
from automl_skin.errors import TableError

Kind = Literal["number", "category"]

CATEGORY_LEVELS = 10
"""Whole numbers of at most so many different values are categories."""
ID_NUMBERS = 120
"""Whole numbers of more different values than there are ages, above `ID_SHARE` of the rows, are ids."""
ID_SHARE = 0.2
ID_LEVELS = 100
"""Text of more levels is an id or free text."""
FREE_TEXT_WORDS = 5
FEW_LEVELS = 20
AGE_LIMIT_YEARS = 120
VALUE_LIMIT = 1e8
"""Numbers of this size are codes for missing or slips of the keyboard."""
MOSTLY = 0.9


@dataclass(frozen=True)
class Choice:
    """The metadata columns.

    Parameters
    ----------
    kinds : mapping of str to {"number", "category"}
        For each metadata column.
    reasons : mapping of str to str
        Why a column is metadata, or why it is not.
    """

    kinds: Mapping[str, Kind]
    reasons: Mapping[str, str]


def choose_metadata(
    table: pd.DataFrame, roles: Roles, asked: Sequence[str] | None = None, ignore: Sequence[str] = ()
) -> Choice:
    """Decide which columns are metadata: no ids, varying, and known before the diagnosis.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        The table.
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
    taken = _taken(roles)
    for column in ignore:
        require_column(table, column, "the ignored column")
    if asked is not None:
        return _as_asked(table, taken, asked, ignore)
    known = next((known for known in KNOWN_TABLES if known.name == roles.table), None)
    kinds: dict[str, Kind] = {}
    reasons: dict[str, str] = {}
    for column in table.columns:
        if column in taken:
            continue
        listed = known is not None and column in known.metadata
        why = "as given" if column in ignore else roles.reasons.get(column)
        why = why or _why_useless(table[column], str(column), listed=listed)
        if why is None:
            quantity = known is not None and column in known.numbers
            kinds[column] = "number" if quantity else kind_of(table[column])
            why = f"metadata of {known.name}" if known is not None and listed else "tells something"
        reasons[column] = why
    return Choice(kinds, reasons)


def kind_of(values: "pd.Series[Any]") -> Kind:
    """Return whether a column is a quantity or a category.

    Ages and numbers with decimals are quantities, whole numbers with more than 10 different values too.
    """
    numbers = to_numbers(values)
    present = int(canonical_text(values).notna().sum())
    if present == 0 or numbers.notna().sum() < MOSTLY * present:
        return "category"
    if means_age(str(values.name)):
        return "number"
    finite = numbers[np.isfinite(numbers)]
    whole = bool((finite == finite.round()).all())
    return "category" if whole and finite.nunique() <= CATEGORY_LEVELS else "number"


def means_age(column: str) -> bool:
    """Whether a column is named like an age in years."""
    return re.search(r"(^|_)age(s|\d*)($|_)", normal_name(column)) is not None


def clean_metadata(table: pd.DataFrame, kinds: Mapping[str, Kind]) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Return the metadata columns as float64 and str, impossible numbers as missing, and remarks on these.

    A column that the table has not is missing in all rows.

    Returns
    -------
    DataFrame of n_rows rows
        Numbers with NaN, categories with NA.
    tuple of Remark
        One for each column where something was taken away.
    """
    columns: dict[str, pd.Series[Any]] = {}
    remarks = []
    for column, kind in kinds.items():
        values = table.get(column)
        if values is None:
            values = pd.Series(np.nan, index=table.index)
            remarks.append(Remark(column, "the table has no such column: missing in all rows"))
        columns[column] = canonical_text(values) if kind == "category" else to_numbers(values)
        if kind == "number":
            columns[column], found = _possible(columns[column], canonical_text(values), column)
            remarks.extend(found)
    return pd.DataFrame(columns, index=table.index), tuple(remarks)


def _possible(
    numbers: "pd.Series[float]", text: "pd.Series[str]", column: str
) -> tuple["pd.Series[float]", list[Remark]]:
    """Return numbers without the impossible ones, and a remark if there were any."""
    wrong = numbers.notna() & (~np.isfinite(numbers) | (numbers.abs() >= VALUE_LIMIT))
    if means_age(column):
        wrong |= (numbers < 0) | (numbers > AGE_LIMIT_YEARS)
    strange = wrong | (numbers.isna() & text.notna())
    if not strange.any():
        return numbers, []
    examples = ", ".join(text[strange].unique()[:3])
    where = name_rows(numbers.index[strange])
    note = f"{int(strange.sum()):,} impossible values taken as missing ({examples}; {where})"
    return numbers.mask(wrong), [Remark(column, note)]


def _taken(roles: Roles) -> dict[str, str]:
    """Return the columns that have a role, and which."""
    single = ("image", "case", "image_role", "target", "patient", "lesion", "source")
    taken = dict.fromkeys(roles.groups, "a group column")
    taken.update({getattr(roles, role): f"the {role.replace('_', ' ')} column" for role in single})
    taken.update(dict.fromkeys(roles.truth, "the target in one column per class"))
    return taken


def _as_asked(
    table: pd.DataFrame, taken: Mapping[str, str], asked: Sequence[str], ignore: Sequence[str]
) -> Choice:
    """Return the metadata columns that the user named."""
    for column in asked:
        require_column(table, column, "the metadata column")
        if column in taken:
            message = (
                f"the metadata column {column!r} is {taken[column]} already; leave it out of the metadata"
            )
            raise TableError(message)
    kinds = {column: kind_of(table[column]) for column in asked if column not in ignore}
    rest = {column: "not among the metadata given" for column in table.columns if column not in taken}
    return Choice(kinds, rest | dict.fromkeys(kinds, "as given"))


def _why_useless(values: "pd.Series[Any]", column: str, *, listed: bool) -> str | None:
    """Return why a column is no metadata, or ``None``; `listed` ones must only vary."""
    text = canonical_text(values)
    present, levels = int(text.notna().sum()), int(text.nunique())
    if levels == 0:
        return "empty"
    if levels == 1:
        return f"the same in all rows that have it ({text.dropna().iloc[0]!r})"
    if listed:
        return None
    return why_ignored_by_name(column) or _why_id(text, to_numbers(values), present, levels)


def _why_id(text: "pd.Series[str]", numbers: "pd.Series[float]", present: int, levels: int) -> str | None:
    """Return why a column looks like an id or free text, or ``None``."""
    if numbers.notna().sum() >= MOSTLY * present:
        whole = bool((numbers.dropna() == numbers.dropna().round()).all())
        if whole and levels > ID_NUMBERS and levels > ID_SHARE * present:
            return f"many different whole numbers ({levels:,} in {present:,} rows), like an id"
        return None
    words = float((text.dropna().str.count(r"\s+") + 1).mean())
    if words >= FREE_TEXT_WORDS and levels > FEW_LEVELS:
        return f"free text ({levels:,} different ones)"
    if levels > ID_LEVELS or (levels > FEW_LEVELS and levels > present / 2):
        levels_text = f"too many levels ({levels:,} in {present:,} rows)"
        return f"{levels_text}, like an id; --group if its rows belong together"
    return None
