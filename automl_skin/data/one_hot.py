"""The target written as a set of 0/1 columns: found by its values, so that none of them reaches a model.

ISIC's challenges give the diagnosis in one column per class with a 1 in the column of the diagnosis. Such a set is the
target when it contains the target column, or when the position of its 1 determines the target. The sex of a patient in
two columns sums to 1 in every row too, but says nothing of the target: it stays metadata. A few rows with no 1
(not labelled) or two (two findings) do not hide a set.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, IntArray
from automl_skin.data.covers import find_exact_cover, find_near_covers
from automl_skin.data.polarity import read_ticks
from automl_skin.data.roles import Remark, TruthSet
from automl_skin.data.table import canonical_text, name_rows, to_numbers
from automl_skin.errors import TableError

ISIC_2018 = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
ISIC_2019 = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
ISIC_2025 = (
    *("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF"),
    *("MAL_OTH", "MEL", "NV", "SCCKA", "VASC"),
)  # MILK10k
ONE_HOT = (ISIC_2025, ISIC_2019, ISIC_2018)
"""Published sets of columns, the larger ones first: one of them may be part of another."""
OPTIONAL = "UNK"
DIAGNOSIS = "diagnosis"
MAX_LEVELS = 2


def collapse_one_hot(table: pd.DataFrame, target: str | None) -> tuple[pd.DataFrame, tuple[Remark, ...]]:
    """Return a table whose published one-hot truth has become one column ``diagnosis``.

    The columns themselves stay, so that one of them may be the target. A table without them, with a column
    ``diagnosis`` of its own, or without a target is returned as it is.

    Raises
    ------
    TableError
        If the target is read from them and a row has no 1 or several, or numbers between 0 and 1.
    """
    columns = one_hot_columns(table)
    if not columns or target is None or DIAGNOSIS in table:
        return table, ()
    names = _complete(table, columns)
    values = table[list(names)].apply(_to_ones)
    wrong = ~(values.isin([0, 1]).all(axis=1) & (values.sum(axis=1) == 1))
    if wrong.any():
        if target == DIAGNOSIS or target in columns:
            raise TableError(_what_is_wrong(names, values[wrong]))
        return table, ()
    text = f"made of the columns {', '.join(names)}, of which one is 1 in each row"
    return table.assign(diagnosis=values.idxmax(axis=1).astype("str")), (Remark(DIAGNOSIS, text),)


def read_one_hot(table: pd.DataFrame, columns: Sequence[str], name: str) -> "pd.Series[str]":
    """Return the class of each row of a one-hot truth; a row without any value has none.

    Parameters
    ----------
    columns : sequence of str
        One per class.
    name : str
        What messages call the table.

    Raises
    ------
    TableError
        If a row has no 1 or several, or numbers between 0 and 1; the message names the rows.
    """
    given = table[list(columns)].apply(canonical_text).notna().any(axis=1)
    values = table.loc[given, list(columns)].apply(_to_ones)
    wrong = ~(values.isin([0, 1]).all(axis=1) & (values.sum(axis=1) == 1))
    if wrong.any():
        raise TableError(f"{name}: {_what_is_wrong(columns, values[wrong])}")
    return values.idxmax(axis=1).reindex(table.index).astype("str")


def tick_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """Return all columns of a table if there are two or more, each of ticks or of shares from 0 to 1; else none."""
    columns = tuple(map(str, table.columns))
    if len(columns) <= 1:
        return ()
    for name in columns:
        present = table[name][canonical_text(table[name]).notna()]
        if present.empty or not _to_ones(present).between(0, 1).all():
            return ()
    return columns


def one_hot_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of a published one-hot truth that a table has, in any case of letters, or none."""
    by_name = {str(column).strip().upper(): str(column) for column in table.columns}
    for names in ONE_HOT:
        if all(name in by_name for name in names if name != OPTIONAL):
            return tuple(by_name[name] for name in names if name in by_name)
    return ()


def find_truth_sets(table: pd.DataFrame, target: str | None) -> tuple[TruthSet, ...]:
    """Find the sets of 0/1 columns that are the target, whatever their names.

    Perfect sets come first; of the other columns those follow that are one with few exceptions (`find_near_covers`).

    Parameters
    ----------
    target : str or None
        The column of the diagnosis.

    Returns
    -------
    tuple of TruthSet
        They may share columns: the target and eleven classes, the target and its opposite.
    """
    if target is None or target not in table:
        return ()
    outcome = canonical_text(table[target])
    rows = table[outcome.notna().to_numpy()]
    codes, levels = pd.factorize(outcome.dropna())
    if not len(rows):
        return ()
    ticks = _ticks(rows.drop(columns=target))
    pure = {name: ticked for name, ticked in ticks.items() if _is_pure(ticked, codes)}
    positive = _positive_rows(levels, codes)
    sets = []
    if positive is not None:
        beside = {column: ticked for column, ticked in pure.items() if not (ticked & positive).any()}
        sets += [_with_target(table, target, found) for found in _covers(beside, ~positive)]
    sets += [
        _giving_away(table, target, found) for found in _covers(pure, np.ones(len(rows), dtype=np.bool_))
    ]
    # what is part of a perfect set needs no second one with exceptions
    taken = {column for each in sets for column in each.columns}
    rest = {column: ticked for column, ticked in ticks.items() if column not in taken}
    if positive is not None:
        sets += [
            _with_target(table, target, found.columns, rows.index[found.offending].tolist())
            for found in find_near_covers(rest, codes, positive)
        ]
    sets += [
        _giving_away(table, target, found.columns, rows.index[found.offending].tolist())
        for found in find_near_covers(rest, codes)
    ]
    return tuple(sets)


def _with_target(
    table: pd.DataFrame, target: str, found: Iterable[str], offending: Sequence[int] = ()
) -> TruthSet:
    """Return the set of which the target is itself one column."""
    columns = _in_order(table, {target, *found})
    return TruthSet(columns, f"part of the target: {_listed(columns, offending)}")


def _giving_away(
    table: pd.DataFrame, target: str, found: Iterable[str], offending: Sequence[int] = ()
) -> TruthSet:
    """Return the set that says what the target is without being part of it."""
    columns = _in_order(table, set(found))
    reason = f"gives {target!r} away: {_listed(columns, offending)}, and which one determines {target!r}"
    return TruthSet(columns, reason)


def _positive_rows(levels: "Sequence[str] | pd.Index[str]", codes: IntArray) -> BoolArray | None:
    """Return where the target is ticked, or None if it is not a column of ticks."""
    meaning = read_ticks(list(levels))
    if meaning is None or len(levels) > MAX_LEVELS:
        return None
    return np.array([meaning[level] for level in levels], dtype=np.bool_)[codes]


def _ticks(rows: pd.DataFrame) -> dict[str, BoolArray]:
    """Return the 0/1 columns, as booleans, that are ticked somewhere."""
    read = {str(column): _read_ticked(rows[column]) for column in rows.columns}
    return {column: ticked for column, ticked in read.items() if ticked is not None and ticked.any()}


def _is_pure(ticked: BoolArray, codes: IntArray) -> bool:
    """Whether the ticked rows of a column are all of one level of the target."""
    return bool((codes[ticked] == codes[ticked][0]).all())


def _read_ticked(values: "pd.Series[str]") -> BoolArray | None:
    """Return where a column of 0 and 1 (true and false, yes and no, or ticked and empty) is ticked, else ``None``."""
    if values.nunique() > MAX_LEVELS:
        return None
    text = canonical_text(values)
    meaning = read_ticks(list(text.dropna().unique()))
    if meaning is None or (text.isna().any() and not all(meaning.values())):
        return None
    return text.map(meaning).eq(other=True).to_numpy(np.bool_)


def _to_ones(values: "pd.Series[str]") -> "pd.Series[float]":
    """Return a column of ticks as 0 and 1, another one as the numbers that it holds."""
    ticked = _read_ticked(values)
    return to_numbers(values) if ticked is None else pd.Series(ticked.astype(np.float64), index=values.index)


def _covers(ticks: dict[str, BoolArray], rows: BoolArray) -> list[tuple[str, ...]]:
    """Return sets of columns of which each has one tick in each of `rows`; each column that fits into one is in one."""
    if not ticks or not rows.any():
        return []
    names = list(ticks)
    covers: list[tuple[str, ...]] = []
    # rows of one pattern are one: a truth of eleven classes has eleven of them, however long the table is
    patterns = np.unique(np.column_stack(list(ticks.values()))[rows], axis=0)
    for position, name in enumerate(names):
        if any(name in cover for cover in covers):
            continue
        cover = find_exact_cover(patterns, position)
        if cover is not None:
            covers.append(tuple(names[each] for each in cover))
    return covers


def _complete(table: pd.DataFrame, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return a published truth with the further 0/1 columns that complete its rows without a 1, if there are any."""
    known = table[list(columns)].apply(_to_ones)
    empty = np.array(known.sum(axis=1) == 0, dtype=np.bool_)
    if not empty.any() or (known.sum(axis=1) > 1).any():
        return columns
    others = {str(name): _read_ticked(table[name]) for name in table.columns if name not in columns}
    beside = {
        name: ticked
        for name, ticked in others.items()
        if ticked is not None and ticked.any() and not (ticked & ~empty).any()
    }
    return next(((*columns, *cover) for cover in _covers(beside, empty)), columns)


def _what_is_wrong(columns: Sequence[str], wrong: pd.DataFrame) -> str:
    """Return what the rows hold instead of a single 1."""
    expected = f"expected a single 1 per row in the columns {', '.join(columns)}, got"
    between = wrong[((wrong > 0) & (wrong < 1)).any(axis=1)]
    if len(between):
        return (
            f"{expected} soft labels (shares such as {between.max(axis=1).iloc[0]:g}) in {name_rows(between.index)}; "
            "decide on one diagnosis per row, or leave these rows out"
        )
    n_ones = (wrong == 1).sum(axis=1)
    parts = [
        f"{what} in {name_rows(wrong.index[rows])}"
        for what, rows in (
            ("none", n_ones == 0),
            ("several", n_ones > 1),
            ("other values beside it", n_ones == 1),
        )
        if rows.any()
    ]
    return (
        f"{expected} {' and '.join(parts)}; correct these rows, or add the column of the diagnosis that they have "
        "instead (such as UNK)"
    )


def _in_order(table: pd.DataFrame, columns: set[str]) -> tuple[str, ...]:
    return tuple(str(column) for column in table.columns if column in columns)


def _listed(columns: Sequence[str], offending: Sequence[int] = ()) -> str:
    """Return what is true of a set, with the rows in which it is not."""
    but = f" except in {name_rows(offending)} (none, several or another one)" if len(offending) else ""
    return f"one of {', '.join(columns)} is 1 in each row{but}"
