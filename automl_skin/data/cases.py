"""From rows, one per image, to cases, which may have several images."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from automl_skin.data.missing import find_shared_ids
from automl_skin.data.roles import ROLES, Remark, Roles, ties_cases
from automl_skin.data.table import canonical_text, id_text
from automl_skin.errors import TableError


@dataclass(frozen=True)
class CaseTables:
    """What is said of the cases, three tables with the index ``case`` in the order of the table.

    Parameters
    ----------
    cases, metadata, others : DataFrame of n_cases rows
        See `Manifest`.
    """

    cases: pd.DataFrame
    metadata: pd.DataFrame
    others: pd.DataFrame


def join_rows(
    rows: pd.DataFrame, case: "pd.Series[str]", roles: Roles, metadata: pd.DataFrame
) -> tuple[CaseTables, tuple[Remark, ...]]:
    """Join the rows of each case into one.

    Ids and diagnosis must agree between the rows of a case; metadata that differ are taken from the
    first row that has them, with a remark. Labels are -1 still.

    Raises
    ------
    TableError
        If ids or diagnosis of a case differ.
    """
    facts = _facts(rows, roles)
    others = rows[list(roles.ignored)]
    others = others.apply(canonical_text) if len(others.columns) else others
    index = pd.Index(case, name="case", dtype="str")
    if case.is_unique:
        return CaseTables(*(table.set_axis(index) for table in (facts, metadata, others))), ()
    _refuse_contradictions(facts, case, roles)
    remarks = tuple(
        Remark(column, f"differs between the images of {count:,} cases; their first value is taken")
        for column in map(str, metadata.columns)
        if (count := _differing(metadata[column], case).sum())
    )
    return CaseTables(*(_first(table, case) for table in (facts, metadata, others))), remarks


def _facts(rows: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Return label, diagnosis and ids of each row."""
    empty = pd.Series(pd.NA, index=rows.index, dtype="str")
    columns: dict[str, Any] = {"label": pd.Series(-1, index=rows.index, dtype="int64")}
    columns["diagnosis"] = empty if roles.target is None else canonical_text(rows[roles.target])
    every = dict.fromkeys([role.name for role in ROLES.values() if role.of_cases])
    for name, column in {**every, **roles.case_columns}.items():
        columns[name] = empty if column is None else _known_ids(rows[column], name)
    return pd.DataFrame(columns, index=rows.index)


def _known_ids(values: "pd.Series[Any]", name: str) -> "pd.Series[str]":
    ids = id_text(values)
    return ids.mask(ids.isin(find_shared_ids(ids))) if ties_cases(name) else ids


def _refuse_contradictions(facts: pd.DataFrame, case: "pd.Series[str]", roles: Roles) -> None:
    """Raise where the rows of a case have different ids or diagnoses."""
    for name in map(str, facts.columns):
        differing = _differing(facts[name], case)
        if differing.any():
            first = differing.index[differing][0]
            values = ", ".join(map(repr, facts.loc[case == first, name].dropna().unique()))
            message = (
                f"expected one {name} per case, got several in {int(differing.sum()):,} cases: {first!r} has {values}; "
                f"correct them, or the case column {roles.case!r}"
            )
            raise TableError(message)


def _differing(values: "pd.Series[Any]", case: "pd.Series[str]") -> "pd.Series[bool]":
    """Return for each case whether its rows hold different values, missing ones aside."""
    different = values.groupby(case, sort=False).nunique()
    return different.gt(1)


def _first(table: pd.DataFrame, case: "pd.Series[str]") -> pd.DataFrame:
    """Return the first value that is not missing of each column for each case."""
    if table.columns.empty:
        return pd.DataFrame(index=pd.Index(case.unique(), name="case", dtype="str"))
    return table.groupby(case.rename("case"), sort=False).first()
