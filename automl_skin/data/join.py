"""Tables that belong together, such as ISIC's metadata and ground truth, joined by the id that they share."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from automl_skin.data.published import as_rows_of_photographs
from automl_skin.data.reading.part import DECIMAL
from automl_skin.data.table import (
    canonical_text,
    id_text,
    name_rows,
    read_table,
    with_decimal_points,
)
from automl_skin.data.wording import list_some
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import TableError

Tables = str | Path | Sequence[str | Path] | None
"""One table, several that are joined, or none."""


def table_paths(data: Tables) -> tuple[Path, ...]:
    """Return the paths of no table, of one or of several."""
    if data is None:
        return ()
    return (Path(data),) if isinstance(data, str | Path) else tuple(Path(path) for path in data)


def read_tables(paths: Sequence[Path]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read tables and join them.

    Returns
    -------
    DataFrame
        The rows of the first table, in its order; of a known source with several photographs in a row, one row each.
    tuple of str
        For people: one line per further table that says how it was joined, and how the cells of a known source were
        read.

    Raises
    ------
    TableError
        If a table cannot be read, or two of them cannot be joined.
    """
    joined, notes = read_table(paths[0]), []
    for path in paths[1:]:
        joined, note = join_tables(joined, read_table(path), paths[0].name, path.name)
        notes.append(note)
    rows, said = as_rows_of_photographs(joined)
    return rows, (*notes, *said)


def digest_tables(paths: Sequence[str | Path]) -> str:
    """Return the digest of the bytes of one table, or of several in their order."""
    digests = [digest_file(Path(path)) for path in paths]
    return digests[0] if len(digests) == 1 else digest_json(digests)


def join_tables(
    first: pd.DataFrame, second: pd.DataFrame, name: str = "the first table", other: str = "the second table"
) -> tuple[pd.DataFrame, str]:
    """Return the rows of a table with the columns of another one, and how they were joined.

    The first column of `first` that stands in both, and is complete and unique in `second`, joins them: several
    photographs of a lesion may share the one row of their lesion. Where a column stands in both, the second fills in
    what the first lacks.

    Parameters
    ----------
    first, second : DataFrame
        As `read_table` gives them.
    name, other : str
        What messages call them.

    Raises
    ------
    TableError
        If there is no such column, a row of `first` finds no partner, or a column of both has contradicting values.
    """
    key = _key(first, second, name, other)
    if first.attrs.get(DECIMAL) != second.attrs.get(DECIMAL):
        first, second = with_decimal_points(first, but=key), with_decimal_points(second, but=key)
    ids, known = id_text(first[key]), id_text(second[key])
    lost = ~ids.isin(known)
    if lost.any():
        shown = ", ".join(map(repr, first.loc[lost, key].fillna("").head(3)))
        message = (
            f"{other}: expected a row for each {key!r} of {name}, got none for {name_rows(first.index[lost])} "
            f"({shown}); {say_lost_zeros(ids[lost], known, name, other) or 'add them, or leave these rows out'}"
        )
        raise TableError(message)
    partner = second.set_axis(pd.Index(known)).loc[pd.Index(ids)].set_axis(first.index)
    columns = {column: first[column] for column in first.columns}
    for column in second.columns:
        if column == key:
            continue
        if column in columns:
            refuse_contradictions(columns[column], partner[column], name, other)
        columns[column] = columns[column].fillna(partner[column]) if column in columns else partner[column]
    joined = pd.DataFrame(columns, index=first.index)
    joined.attrs = dict(first.attrs)
    return joined, _note(key, name, other, second.columns.difference(first.columns, sort=False), known, ids)


def _key(first: pd.DataFrame, second: pd.DataFrame, name: str, other: str) -> str:
    """Return the column that joins two tables."""
    common = [str(column) for column in first.columns if column in second]
    if not common:
        message = (
            f"{name} and {other}: expected a column of ids that stands in both, got {_list_columns(first.columns)} and "
            f"{_list_columns(second.columns)}; give the column of the ids the same name in both"
        )
        raise TableError(message)
    repeated = []
    for column in common:
        ids = id_text(second[column])
        if ids.notna().all() and ids.is_unique:
            return column
        twice = ids[ids.duplicated(keep=False) & ids.notna()]
        repeated.append(
            f"{column!r} " + (f"repeats {twice.iloc[0]!r}" if len(twice) else "has missing values")
        )
    message = (
        f"{other}: expected a column of ids that it shares with {name}, once per row; {', '.join(repeated)}. "
        "Give the table with one row per photograph first, or remove the repeated rows"
    )
    raise TableError(message)


def say_lost_zeros(lost: "pd.Series[str]", known: "pd.Series[str]", name: str, other: str) -> str:
    """Return which ids without a partner differ from one in leading zeros alone, and what to do; empty if none does."""
    partners: dict[str, str] = {}
    for value in known:
        partners.setdefault(_without_zeros(value), value)
    pairs = [
        (value, partners[bare]) for value in lost.dropna() if (bare := _without_zeros(value)) in partners
    ]
    if not pairs:
        return ""
    value, partner = pairs[0]
    shorter = other if len(partner) < len(value) else name
    rest = len(lost) - len(pairs)
    more = f"; add the other {rest:,}, or leave these rows out" if rest else ""
    return (
        f"{len(pairs):,} of {len(lost):,} differ in leading zeros alone ({value!r} in {name}, {partner!r} in {other}), "
        f"which spreadsheets remove: format the column as text in {shorter} and write the zeros again{more}"
    )


def _without_zeros(value: str) -> str:
    """Return a number without its leading zeros, and other text as it is: spreadsheets change numbers alone."""
    return (value.lstrip("0") or "0") if value.isascii() and value.isdigit() else value


def refuse_contradictions(values: "pd.Series[str]", others: "pd.Series[str]", name: str, other: str) -> None:
    """Raise where two tables say different things of one row."""
    one, two = canonical_text(values), canonical_text(others)
    differing = one.notna() & two.notna() & (one != two)
    if differing.any():
        row = differing.index[differing][0]
        message = (
            f"column {values.name!r}: {name} and {other} contradict each other in "
            f"{name_rows(differing.index[differing])} ({values[row]!r} and {others[row]!r}); correct one of them, "
            "or remove the column from one"
        )
        raise TableError(message)


def _note(
    key: str, name: str, other: str, new: Iterable[str], known: "pd.Series[str]", ids: "pd.Series[str]"
) -> str:
    unused = int((~known.isin(ids)).sum())
    rest = (
        f"; {unused:,} of its {len(known):,} rows belong to no row of {name} and are left out"
        if unused
        else ""
    )
    return (
        f"{other} was joined to {name} by column {key!r} and adds {_list_columns(new) or 'no column'}{rest}"
    )


def _list_columns(columns: Iterable[str]) -> str:
    return list_some(columns, 12)
