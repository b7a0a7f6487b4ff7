"""Metadata of a photograph: what a camera, a reader or a concept model says of it, once per kind of photograph.

A field that differs between the photographs of a case is not one fact of the case. It becomes one field per kind of
photograph, ``MONET_hair@dermoscopic`` and ``MONET_hair@close-up``, in which a case without such a photograph is
missing. Fields of the case (age, sex, site) stay one field; where two rows contradict each other, that is a finding.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

import pandas as pd

from automl_skin.data.headers import means_age, normal_name

Value = TypeVar("Value")

SEPARATOR = "@"
BY_NAME = r"monet_.*"
"""Normal names of fields that are of a photograph whatever their values are: scores of a concept model."""

MIN_DIFFERING_CASES, MIN_DIFFERING_SHARE = 2, 0.01
"""Of the cases with a value in several kinds of photograph. Where fewer differ, or ages do, a fact of the case was
mistyped."""

ByKind = Mapping[str, tuple[str, ...]]
"""Fields of photographs, and the kinds of photograph in which each enters."""


def find_photograph_fields(
    metadata: pd.DataFrame, case: "pd.Series[str]", kind: "pd.Series[str]"
) -> dict[str, tuple[str, ...]]:
    """Return the fields that are of a photograph, with the kinds of photograph that there are.

    Parameters
    ----------
    metadata : DataFrame of n_rows rows
        One row per photograph.
    case, kind : Series of shape (n_rows,)
        The case of each row, and its kind of photograph.
    """
    kinds = tuple(sorted(map(str, kind.unique())))
    if len(kinds) == 1 or metadata.columns.empty:
        return {}
    first = metadata.groupby([case.rename("case"), kind.rename("kind")], sort=False).first()
    known = first.notna().groupby(level="case", sort=False).sum().ge(2)
    differing = first.groupby(level="case", sort=False).nunique().gt(1)
    found = {}
    for column in map(str, metadata.columns):
        least = max(MIN_DIFFERING_CASES, MIN_DIFFERING_SHARE * known[column].sum())
        differs = differing[column].sum() >= least and not means_age(column)
        if differs or re.fullmatch(BY_NAME, normal_name(column)):
            found[column] = kinds
    return found


def split_fields(table: pd.DataFrame, kind: "pd.Series[str]", fields: ByKind) -> pd.DataFrame:
    """Return a table of one row per photograph in which a photograph's field has a column per kind.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [50, 50], "hair": [0.1, 0.9]})
    >>> split_fields(table, pd.Series(["close-up", "dermoscopic"]), {"hair": ("close-up", "dermoscopic")})
       age  hair@close-up  hair@dermoscopic
    0   50            0.1               NaN
    1   50            NaN               0.9
    """
    columns = {}
    for name, values in table.items():
        for each in fields.get(str(name), ()):
            columns[f"{name}{SEPARATOR}{each}"] = values.where(kind == each)
        if name not in fields:
            columns[str(name)] = values
    return pd.DataFrame(columns, index=table.index)


def split_names(values: Mapping[str, Value], fields: ByKind) -> dict[str, Value]:
    """Return what is known of each field by the names that it has after `split_fields`."""
    return {
        split: value
        for name, value in values.items()
        for split in ([f"{name}{SEPARATOR}{each}" for each in fields[name]] if name in fields else [name])
    }


def fold_names(names: Iterable[str], columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the fields of photographs by the names of a trained model's fields, for a table of one row per photograph.

    A name that is itself a column of the table is that column.

    Examples
    --------
    >>> fold_names(["age", "hair@close-up", "hair@dermoscopic", "e@mail"], ["age", "hair", "e@mail"])
    {'hair': ('close-up', 'dermoscopic')}
    """
    known = {str(column) for column in columns}
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        field, separator, kind = name.rpartition(SEPARATOR)
        if separator and name not in known and field in known:
            found[field] = (*found.get(field, ()), kind)
    return found
