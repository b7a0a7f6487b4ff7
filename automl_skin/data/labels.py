"""A table of diagnoses of its own, joined to the table of cases by the id that both have.

The id is found by its values, under one name or two: photograph, lesion or case. The diagnosis is one column, or one
column per class with a single 1 in each row. A row of the cases without a diagnosis stays, and is left out later as any
row without one; nothing else of the label table reaches a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl_skin.data.headers import normal_name
from automl_skin.data.join import read_tables, refuse_contradictions, say_lost_zeros
from automl_skin.data.locate import file_stem
from automl_skin.data.one_hot import DIAGNOSIS, one_hot_columns, read_one_hot, tick_columns
from automl_skin.data.role_values import mostly_different
from automl_skin.data.roles import ROLES, means_id
from automl_skin.data.table import canonical_text, holds_numbers, id_text, name_rows, read_table
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

LABEL = "label"
"""Name of the target that is made of several columns, where the table of cases has a column ``diagnosis`` already."""

WEIGHTS = frozenset({"score_weight", "validation_weight"})
"""Normal names of columns that ISIC's ground truth has beside the classes."""

_ID_NAMES = frozenset(name for role in ("image", "case", "lesion") for name in ROLES[role].names)


@dataclass(frozen=True)
class LabelledTable:
    """A table of cases with their diagnoses.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        The rows of the cases, in their order.
    target : str
        The column of the diagnosis; empty where nobody said.
    notes : tuple of str
        For people: how tables were joined.
    """

    table: pd.DataFrame
    target: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Key:
    """The id that joins: its column in each table, the ids themselves, and how many rows of cases find their label."""

    column: str
    other: str
    ids: "pd.Series[str]"
    known: "pd.Series[str]"
    n_found: int


def read_labelled(data: Sequence[Path], labels: Path | None, target: str = "") -> LabelledTable:
    """Read the tables of cases and join them; add the diagnoses of a table of labels, if there is one.

    Raises
    ------
    TableError
        If a table cannot be read, or two of them cannot be joined.
    """
    table, notes = read_tables(data)
    if labels is None:
        return LabelledTable(table, target, notes)
    joined = join_labels(table, read_table(labels), target, data[0].name, labels.name)
    return LabelledTable(joined.table, joined.target, (*notes, *joined.notes))


def join_labels(
    table: pd.DataFrame,
    labels: pd.DataFrame,
    target: str = "",
    name: str = "the table",
    other: str = "the label table",
) -> LabelledTable:
    """Return a table of cases with the diagnoses of another table.

    Parameters
    ----------
    target : str
        The column of the diagnosis in `labels`, or ``diagnosis`` for classes in one column each. Empty where `labels`
        leave one possibility only.
    name, other : str
        What messages call the two tables.

    Raises
    ------
    TableError
        If there is no common id, an id has two diagnoses, a row has a 1 in no column or in several, or `target` is
        wrong or not given where there are several possibilities.
    """
    key = _common_id(table, labels, name, other)
    column, values, made = _diagnoses(table, labels, key.other, target, other)
    diagnosis = _by_id(values, key.known, key.other, other)
    found = key.ids.map(diagnosis).rename(column)
    if column in table:
        refuse_contradictions(table[column].rename(column), found, name, other)
    joined = table.assign(**{column: found})
    joined.attrs = dict(table.attrs)
    ties = [each for each in _ties(labels) if each != key.other and each not in joined]
    for each in ties:
        own = id_text(labels[each]).set_axis(pd.Index(key.known))
        joined[each] = key.ids.map(own[~own.index.duplicated()])
    notes = [
        _how_joined(key, column, made, ties, name, other),
        *_left_over(key, diagnosis, table, name, other),
    ]
    return LabelledTable(joined, column, tuple(notes))


def _common_id(table: pd.DataFrame, labels: pd.DataFrame, name: str, other: str) -> _Key:
    """Return the id that joins the tables: unique if one is, by the names of ids first, then by most common values."""
    found = _candidates(table, labels, stems=False) or _candidates(table, labels, stems=True)
    if not found:
        message = (
            f"{name} and {other}: expected ids of photographs, lesions or cases that stand in both, got none: "
            f"{name} has {_with_examples(table)}, {other} has {_with_examples(labels)}"
            f"{_zeros(table, labels, name, other)}; write the ids alike in both"
        )
        raise TableError(message)

    def worth(key: _Key) -> tuple[bool, bool, int]:
        named = means_id(key.other) or normal_name(key.other) in _ID_NAMES
        return key.known.is_unique, named, key.n_found

    best = max(found, key=worth)
    missing = best.known.isna()
    if missing.any():
        message = (
            f"{other}: expected an id in each row of column {best.other!r}, got none in "
            f"{name_rows(missing.index[missing])}; fill them in, or remove these rows"
        )
        raise TableError(message)
    return best


def _candidates(table: pd.DataFrame, labels: pd.DataFrame, *, stems: bool) -> list[_Key]:
    """Return the pairs of columns of which some values are the same ids; `stems` compares names of files."""
    read = _stems if stems else id_text
    keys = []
    columns = {str(column): read(table[column]) for column in table.columns}
    for other in map(str, labels.columns):
        known = read(labels[other])
        if not mostly_different(known):
            continue
        by_chance = holds_numbers(labels[other])  # an age of 70 and the case 70
        for column, ids in columns.items():
            alike = normal_name(column) == normal_name(other)
            both = {normal_name(column), normal_name(other)} <= _ID_NAMES
            if by_chance and not alike and not both:
                continue
            if n_found := int(ids.isin(set(known.dropna())).sum()):
                keys.append(_Key(column, other, ids, known, n_found))
    return keys


def _stems(values: "pd.Series[str]") -> "pd.Series[str]":
    return id_text(values).map(file_stem, na_action="ignore").astype("str")


def _diagnoses(
    table: pd.DataFrame, labels: pd.DataFrame, key: str, target: str, other: str
) -> tuple[str, "pd.Series[str]", str]:
    """Return the name of the target, the diagnosis of each row of the label table, and what it was made of."""
    rest = [name for name in map(str, labels.columns) if name != key and not _is_id(labels, name)]
    rest = [name for name in rest if normal_name(name) not in WEIGHTS]
    classes = one_hot_columns(labels) or tick_columns(labels[rest])
    if target in rest:
        return target, canonical_text(labels[target]), f"column {target!r}"
    if classes and (target == DIAGNOSIS or (not target and set(rest) <= set(classes))):
        column = DIAGNOSIS if DIAGNOSIS not in table else LABEL
        made = f"the {len(classes)} columns {', '.join(classes)}, of which one is 1 in each row"
        return column, read_one_hot(labels, classes, other), made
    if not target and len(rest) == 1:
        return rest[0], canonical_text(labels[rest[0]]), f"column {rest[0]!r}"
    possible = [*rest, *([f"{DIAGNOSIS} (made of {', '.join(classes)})"] if classes else [])]
    got = f"--target {target!r}" if target else f"{len(possible)} possibilities and no --target"
    message = (
        f"{other}: expected one column of diagnoses beside the id {key!r}, or one named by --target, got {got}; "
        f"choose among {list_some(possible, 20) or 'other columns: there are none'}"
    )
    raise TableError(message)


def _is_id(labels: pd.DataFrame, name: str) -> bool:
    """Whether a column holds ids, or a source, and no diagnosis."""
    return means_id(name) or name in _ties(labels) or normal_name(name) in ROLES["image"].strict


def _ties(labels: pd.DataFrame) -> list[str]:
    """Return the columns of patients and lesions of a label table: they keep cases together, wherever they stand."""
    roles = [role for role in ROLES.values() if role.ties]
    return [
        str(name)
        for name in labels.columns
        if any(normal_name(str(name)) in role.names and role.why_not(labels[name]) is None for role in roles)
    ]


def _by_id(values: "pd.Series[str]", ids: "pd.Series[str]", column: str, other: str) -> "pd.Series[str]":
    """Return the diagnosis of each id.

    Raises
    ------
    TableError
        If one has two; the message names the rows.
    """
    present = values.notna()
    different = values[present].groupby(ids[present]).nunique()
    twice = different.index[different.gt(1)]
    if len(twice):
        rows = ids.index[(ids == twice[0]) & present]
        message = (
            f"{other}: expected one diagnosis per {column!r}, got several for {len(twice):,}: {twice[0]!r} has "
            f"{' and '.join(map(repr, values[rows].unique()))} in {name_rows(rows)}; correct these rows"
        )
        raise TableError(message)
    known = values[present].set_axis(pd.Index(ids[present]))
    return known[~known.index.duplicated()]


def _how_joined(key: _Key, column: str, made: str, ties: Sequence[str], name: str, other: str) -> str:
    by = f"column {key.column!r}" + (f" (there {key.other!r})" if key.column != key.other else "")
    also = f"; {', '.join(map(repr, ties))} of it as well, which keep cases together" if ties else ""
    return f"{other} was joined to {name} by {by}: the target {column!r} is {made}{also}"


def _left_over(
    key: _Key, diagnosis: "pd.Series[str]", table: pd.DataFrame, name: str, other: str
) -> list[str]:
    """Return which ids stand on one side only."""
    lines = []
    without = ~key.ids.isin(set(diagnosis.index))
    if without.any():
        shown = ", ".join(map(repr, table.loc[without, key.column].dropna().unique()[:3]))
        lines.append(
            f"{int(without.sum()):,} of {len(table):,} rows of {name} have no diagnosis in {other} ({shown}; "
            f"{name_rows(table.index[without])}); they are left out"
        )
    unused = ~key.known.isin(set(key.ids.dropna()))
    if unused.any():
        shown = ", ".join(map(repr, key.known[unused].head(3)))
        lines.append(
            f"{int(unused.sum()):,} of {len(key.known):,} rows of {other} belong to no row of {name} ({shown}; "
            f"{name_rows(key.known.index[unused])}); they are left out"
        )
    return lines


def _with_examples(table: pd.DataFrame) -> str:
    """Return the columns that may hold ids, with a value of each."""
    shown = []
    for column in map(str, table.columns):
        text = id_text(table[column]).dropna()
        if len(text) and (means_id(column) or normal_name(column) in _ID_NAMES):
            shown.append(f"{column!r} ({text.iloc[0]})")
    return list_some(shown or map(repr, map(str, table.columns)), 8)


def _zeros(table: pd.DataFrame, labels: pd.DataFrame, name: str, other: str) -> str:
    """Return which ids differ in leading zeros alone, in words; empty if none does."""
    for column in map(str, table.columns):
        if column in labels:
            said = say_lost_zeros(id_text(table[column]), id_text(labels[column]).dropna(), name, other)
            if said:
                return f": {said}"
    return ""
