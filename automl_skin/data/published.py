"""Published tables in the form in which all tables are read: one row per photograph, empty where nothing is known.

A known source may have several photographs in one row, own words for a missing value, and boxes of which only the
ticked ones are filled in.
"""

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from automl_skin.data.sources import IMAGE, KIND, KnownTable, known_table
from automl_skin.data.table import canonical_text, id_text
from automl_skin.data.wording import list_some

UNTICKED = "NO"


def as_rows_of_photographs(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table with one row per photograph, and in words what was done; most tables are returned as they are.

    Returns
    -------
    DataFrame
        Index 0, 1, ... where rows were added. The columns of photographs have become ``image`` and ``image_role``.
    tuple of str
        Lines for people.
    """
    known = known_table(table)
    if known is None:
        return table, ()
    read, notes = _read_cells(table, known)
    columns = [column for column in known.photographs if column in table]
    if not columns:
        return read, notes
    rows = pd.concat([_rows_of(read, column, known) for column in columns])
    named = id_text(rows[IMAGE]).notna()
    rows = rows[named | ~rows.index.isin(rows.index[named]) & ~rows.index.duplicated()]
    rows = rows.sort_index(kind="stable").reset_index(drop=True)
    rows.attrs = dict(table.attrs)
    note = (
        f"{known.name} has several photographs in a row ({', '.join(columns)}): its {len(table):,} rows are read as "
        f"{len(rows):,}, one per photograph, and are counted so below"
    )
    return rows, (*notes, note)


def as_parts_of_photographs(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield parts of a table with one row per photograph; the index continues from part to part."""
    start = 0
    for part in parts:
        rows, _ = as_rows_of_photographs(part)
        yield rows if rows.index.equals(part.index) else rows.set_axis(range(start, start + len(rows)))
        start += len(rows)


def _rows_of(table: pd.DataFrame, column: str, known: KnownTable) -> pd.DataFrame:
    """Return the rows of the photographs in one column."""
    kind = known.photographs[column]
    gone = {*known.photographs, *known.photographs.values()}
    rest = table[[name for name in table if name not in gone]]
    return rest.assign(**{IMAGE: table[column], KIND: table.get(kind, kind)})


def _read_cells(table: pd.DataFrame, known: KnownTable) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table in which the source's own words for missing are empty, and boxes without a tick hold NO."""
    columns = {str(name): values for name, values in table.items()}
    words, boxes, notes = [], [], []
    for name in [name for name in columns if name in known.metadata] if known.missing else []:
        absent = canonical_text(columns[name]).isin(known.missing)
        if absent.any():
            words.append(f"{name} ({int(absent.sum()):,} rows)")
            columns[name] = columns[name].mask(absent)
    for name in [name for name in columns if known.boxes and re.fullmatch(known.boxes, name)]:
        if columns[name].isna().any():
            boxes.append(name)
            columns[name] = columns[name].fillna(UNTICKED)
    if words:
        notes.append(f"{known.name} writes {', '.join(known.missing)} for missing: {list_some(words)}")
    if boxes:
        notes.append(f"{known.name} leaves boxes without a tick empty, which are no: {list_some(boxes)}")
    if not notes:
        return table, ()
    read = pd.DataFrame(columns, index=table.index)
    read.attrs = dict(table.attrs)
    return read, tuple(notes)
