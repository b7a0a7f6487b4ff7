"""A part of a table: columns of text as they stand in the file, missing where a cell is blank."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from automl_skin.errors import TableError

MAX_ROWS = 2**16
"""Rows of a part where the caller wants the whole table: bounds what is held twice while it is read."""

DECIMAL = "decimal"
"""Key of ``DataFrame.attrs``: what separates decimals in a file whose numbers have no decimal point."""


def text_part(columns: Mapping[str, Iterable[Any]]) -> pd.DataFrame:
    """Return columns as text without the blanks around it, NA where nothing is left."""
    part = pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
    return part.apply(strip_text) if len(part) else part


def strip_text(text: "pd.Series[str]") -> "pd.Series[str]":
    """Return text without the blanks around it, NA where nothing is left."""
    stripped = text.str.strip()
    return stripped.mask(stripped == "")


def name_columns(file: str, names: Sequence[str]) -> list[str]:
    """Return the column names, unnamed ones named by position, once they are known to differ.

    Raises
    ------
    TableError
        If two are the same.
    """
    full = [name.strip() or f"column_{position}" for position, name in enumerate(names, start=1)]
    twice = sorted({name for name in full if full.count(name) > 1})
    if twice:
        raise TableError(f"{file}: expected different column names, got {', '.join(twice)} twice; rename one")
    return full
