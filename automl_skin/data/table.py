"""Tables as users have them: read as text, and typed where a column's role or kind asks for it.

A cell stays what stands in the file (`1.10` is not 1.1, `007` is not 7) until somebody asks:

- `id_text` for what names something: images, cases, patients, lesions, groups, sources;
- `canonical_text` for levels of a category, of which ``1``, ``1.0`` and `` 1 `` are one;
- `to_numbers` for quantities.

All of them look at one value at a time, so that a row says the same alone and in a table.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from automl_skin.data.missing import missing_words
from automl_skin.data.reading.csv_file import csv_parts
from automl_skin.data.reading.excel_file import (
    EXCEL_MAGIC,
    OLD_EXCEL_MAGIC,
    excel_parts,
    refuse_old_excel,
)
from automl_skin.data.reading.parquet_file import PARQUET_MAGIC, parquet_parts
from automl_skin.data.reading.part import DECIMAL
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf"
MIN_NUMBERS = 0.9
_DECIMAL_COMMA = r"^([+-]?\d+),(\d+)$"


def read_table(path: Path) -> pd.DataFrame:
    """Read a table: all columns are text as it stands in the file, NA where a cell is blank.

    Parameters
    ----------
    path : Path
        A CSV file (comma, semicolon or tab; UTF-8; also packed with gzip), a Parquet file, or an Excel workbook
        with one sheet (``.xlsx``). The first bytes say which of them it is.

    Returns
    -------
    DataFrame of n_rows rows
        Index 0, 1, ...

    Raises
    ------
    TableError
        If the file is missing, empty, damaged or has two columns of one name.
    """
    tables = list(read_table_in_parts(path))
    if not tables:
        message = f"{path}: expected at least one row, got only column names; add the rows"
        raise TableError(message)
    return tables[0] if len(tables) == 1 else pd.concat(tables)


def read_table_in_parts(path: Path, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """Read a table in parts of `rows` rows, so that memory does not grow with the table.

    The index continues from part to part.

    Raises
    ------
    TableError
        As `read_table`, but a table without rows has no parts.
    """
    start = 0
    for part in _parts(path, rows):
        part.index = pd.RangeIndex(start, start + len(part))
        start += len(part)
        if len(part):
            yield part


def id_text(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return ids as they stand in the table, NA where a cell is blank or a word for missing.

    Blanks around them are removed, and letters are in Unicode's composed form (NFC), in which an umlaut is one
    character. Whole numbers have no decimal part if the table was made in memory (5.0 in a column that lacks values).

    Examples
    --------
    >>> list(id_text(pd.Series(["1.10", "1e3", " 007 ", "12345678901234567890", "5.0"])))
    ['1.10', '1e3', '007', '12345678901234567890', '5.0']
    >>> list(id_text(pd.Series([5.0, None])).fillna("-"))
    ['5', '-']
    """
    text = as_written(values).str.normalize("NFC").astype("str")
    return text.mask(_is_missing(values, text))


def as_written(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return cells as they stand in the table, for writing them back: words for missing are words."""
    text = values.astype("str").str.strip()
    if pd.api.types.is_float_dtype(values.dtype):  # of a table made in memory
        text = text.str.replace(r"^([+-]?\d+)\.0$", r"\1", regex=True)
    return text.mask(values.isna())


def canonical_text(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return values as text, missing words as NA and whole numbers without a decimal part.

    So ``1``, ``1.0`` and ``"1.0"`` are one level, whatever the rest of the column made of its type, and so are ``0``
    and ``-0.0`` (a rounded number). Ids are not levels: see `id_text`.
    """
    text = values.astype("str").str.strip()
    if values.attrs.get(DECIMAL) == ",":
        text = text.str.replace(_DECIMAL_COMMA, r"\1.\2", regex=True)
    text = text.str.replace(r"^([+-]?\d+)\.0+$", r"\1", regex=True).replace("-0", "0")
    return text.mask(_is_missing(values, text))


def to_numbers(values: "pd.Series[Any]") -> "pd.Series[float]":
    """Return values as float64, NaN where they are not numbers; ``85+`` (as in ISIC's ages) is 85."""
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("float64")
    text = canonical_text(values).str.removesuffix("+")
    return pd.to_numeric(text.where(text.str.fullmatch(_NUMBER)), errors="coerce").astype("float64")


def holds_numbers(values: "pd.Series[Any]", share: float = MIN_NUMBERS) -> bool:
    """Whether nearly all values of a column, missing ones aside, are numbers; a column without values holds none."""
    present = int(canonical_text(values).notna().sum())
    return present > 0 and bool(to_numbers(values).notna().sum() >= share * present)


def name_rows(rows: Iterable[int], shown: int = 5) -> str:
    """Return row numbers in words, the first row of data being row 1."""
    numbers = [int(row) + 1 for row in rows]
    return f"row{'s' if len(numbers) > 1 else ''} {list_some(numbers, shown)}"


def require_column(table: pd.DataFrame, column: str, given_as: str) -> str:
    """Return `column` if the table has it.

    Raises
    ------
    TableError
        Listing the columns that there are.
    """
    if column in table.columns:
        return column
    raise TableError(f"{given_as} {column!r}: expected a column of the table ({', '.join(table.columns)})")


def blank_missing(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with NA in place of words for missing, and all else as it stands."""
    columns = {name: values.mask(canonical_text(values).isna()) for name, values in table.items()}
    return pd.DataFrame(columns, index=table.index)


def with_decimal_points(table: pd.DataFrame, but: str = "") -> pd.DataFrame:
    """Return a table with decimal points instead of decimal commas in all columns but one.

    For a table that is joined to another with decimal points.
    """
    if table.attrs.get(DECIMAL) is None:
        return table
    rewritten = {
        name: table[name] if name == but else table[name].str.replace(_DECIMAL_COMMA, r"\1.\2", regex=True)
        for name in table.columns
    }
    return pd.DataFrame(rewritten, index=table.index)


def _parts(path: Path, rows: int | None) -> Iterator[pd.DataFrame]:
    """Read a file by what its first bytes, or its name, say that it is."""
    if not path.is_file():
        raise TableError(f"the table {path}: expected a file, got none; check the path given as --data")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise TableError(
            f"{path}: the table cannot be read ({error.strerror}); see its permissions"
        ) from error
    suffix = path.suffix.lower()
    if magic == PARQUET_MAGIC or suffix in {".parquet", ".pq"}:
        return parquet_parts(path, rows)
    if magic == OLD_EXCEL_MAGIC:
        refuse_old_excel(path)
    if magic == EXCEL_MAGIC or suffix in {".xlsx", ".xlsm"}:
        return excel_parts(path, rows)
    return csv_parts(path, rows)


def _is_missing(values: "pd.Series[Any]", text: "pd.Series[str]") -> "pd.Series[bool]":
    return values.isna() | missing_words(text)
