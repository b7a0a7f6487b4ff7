"""Tables as users have them: read from CSV or Parquet, cleaned of words for missing."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl_skin.errors import TableError

MISSING_WORDS = frozenset({"", "unknown", "unk", "na", "nan", "n/a", "<na>", "none", "null", "?"})
DELIMITERS = (",", ";", "\t")
_SURPLUS = "\0surplus"  # takes what a row has beyond the last column
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf"
_LONG_OR_PADDED = r"[+-]?(?:0\d.*|\d{16,}.*)"  # 007 is an id, and 16 digits do not fit into a float


def read_table(path: Path) -> pd.DataFrame:
    """Read a table.

    Words for missing become NA; columns of numbers alone become float64, all others str. Whole numbers
    with leading zeros or of 16 digits stay text, since they are ids.

    Parameters
    ----------
    path : Path
        A CSV file (comma, semicolon or tab; UTF-8) or a Parquet file (``.parquet``, ``.pq``).

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
        message = f"{path} must hold at least one row and holds only column names; add the rows"
        raise TableError(message)
    return tables[0]


def read_table_in_parts(path: Path, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """Read a table in parts of `rows` rows, so that memory does not grow with the table.

    The index goes on from part to part. What is a number is decided for each part; `canonical_text` and
    `to_numbers` give the same values whatever was decided.

    Raises
    ------
    TableError
        As `read_table`, but a table without rows has no parts.
    """
    if not path.is_file():
        message = f"the table {path} must be a file and is not; check the path given as --data"
        raise TableError(message)
    parquet = path.suffix.lower() in {".parquet", ".pq"}
    start = 0
    for part in _parquet_parts(path, rows) if parquet else _csv_parts(path, rows):
        table = pd.DataFrame({str(name): _typed(part[name]) for name in part.columns})
        table.index = pd.RangeIndex(start, start + len(table))
        start += len(table)
        if len(table):
            yield table


def join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join tables that share their first common column, such as ISIC 2019's metadata and ground truth.

    Rows are those of the first table; columns that it has already are left out of the others.

    Raises
    ------
    TableError
        If two tables share no column whose values are unique in the second, or a row finds no partner.
    """
    joined = tables[0]
    for table in tables[1:]:
        keys = [name for name in joined.columns if name in table and table[name].is_unique]
        if not keys:
            message = (
                "two tables must share an id column that is unique in the second; the first has "
                f"{', '.join(joined.columns)}, the second {', '.join(table.columns)}; join them yourself"
            )
            raise TableError(message)
        lost = ~joined[keys[0]].isin(table[keys[0]])
        if lost.any():
            message = (
                f"each {keys[0]!r} of the first table must be in the second, and "
                f"{name_rows(joined.index[lost])} are not; add them, or leave these rows out"
            )
            raise TableError(message)
        new = [name for name in table.columns if name not in joined]
        joined = joined.merge(table[[keys[0], *new]], on=keys[0], how="left", validate="m:1")
    return joined


def canonical_text(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return values as text, missing words as NA and whole numbers without a decimal part.

    So ``1``, ``1.0`` and ``"1.0"`` are one level, whatever the rest of the column made of its type.
    """
    text = values.astype("str").str.strip().str.replace(r"^([+-]?\d+)\.0+$", r"\1", regex=True)
    return text.mask(values.isna() | text.str.lower().isin(MISSING_WORDS))


def to_numbers(values: "pd.Series[Any]") -> "pd.Series[float]":
    """Return values as float64, NaN where they are no numbers; ``85+`` (as in ISIC's ages) is 85."""
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("float64")
    text = canonical_text(values).str.removesuffix("+")
    return pd.to_numeric(text.where(text.str.fullmatch(_NUMBER)), errors="coerce").astype("float64")


def name_rows(rows: Iterable[int], shown: int = 5) -> str:
    """Return row numbers in words, the first row of data being row 1."""
    numbers = [int(row) + 1 for row in rows]
    text = ", ".join(str(number) for number in numbers[:shown])
    rest = len(numbers) - shown
    return f"row{'s' if len(numbers) > 1 else ''} {text}" + (f" and {rest:,} more" if rest > 0 else "")


def require_column(table: pd.DataFrame, column: str, given_as: str) -> str:
    """Return `column` if the table has it.

    Raises
    ------
    TableError
        Listing the columns that there are.
    """
    if column in table.columns:
        return column
    message = f"{given_as} {column!r} must be a column of the table, which has: {', '.join(table.columns)}"
    raise TableError(message)


def _csv_parts(path: Path, rows: int | None) -> Iterator[pd.DataFrame]:
    """Read a CSV file as text, in parts."""
    delimiter, names = _csv_header(path)
    try:
        with pd.read_csv(
            path,
            sep=delimiter,
            names=[*names, _SURPLUS],
            index_col=False,
            skiprows=1,
            dtype="str",
            keep_default_na=False,
            encoding="utf-8-sig",
            chunksize=rows or 2**40,
            on_bad_lines="error",
        ) as reader:
            for part in reader:
                whole = _without_surplus(path, part, names)
                yield _with_decimal_points(whole) if delimiter == ";" else whole
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        message = (
            f"each row of {path} must have {len(names)} values in UTF-8 text ({error}); "
            "mend that line, or save the table again as CSV UTF-8"
        )
        raise TableError(message) from error


def _without_surplus(path: Path, part: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the named columns, once no row is known to hold more values than there are names."""
    wrong = part.index[part[_SURPLUS].fillna("") != ""]
    if len(wrong):
        message = (
            f"each row of {path} must have {len(names)} values, and {name_rows(wrong)} have more; "
            "mend them (perhaps a value that holds the delimiter lacks its quotes)"
        )
        raise TableError(message)
    return part[names]


def _csv_header(path: Path) -> tuple[str, list[str]]:
    """Return the delimiter and the column names."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
            delimiter = max(DELIMITERS, key=line.count)
            file.seek(0)
            names = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    except UnicodeDecodeError as error:
        message = f"{path} must be text in UTF-8 and is not ({error.reason}); save it again as CSV UTF-8"
        raise TableError(message) from error
    if not any(names):
        message = (
            f"{path} must begin with a line of column names and is empty; check that it is the right file"
        )
        raise TableError(message)
    return delimiter, _checked_names(path, names)


def _checked_names(path: Path, names: Sequence[str]) -> list[str]:
    """Return the column names, unnamed ones named by position, once they are known to differ."""
    full = [name or f"column_{position}" for position, name in enumerate(names, start=1)]
    twice = [name for name, count in Counter(full).items() if count > 1]
    if twice:
        message = f"{path} must have columns of different names, and has {', '.join(twice)} twice; rename one"
        raise TableError(message)
    return full


def _parquet_parts(path: Path, rows: int | None) -> Iterator[pd.DataFrame]:
    """Read a Parquet file, in parts."""
    try:
        with pq.ParquetFile(path) as file:
            _checked_names(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=rows or max(file.metadata.num_rows, 1)):
                yield batch.to_pandas()
    except pa.ArrowException as error:
        message = f"{path} must be a Parquet file and cannot be read ({error}); write it again"
        raise TableError(message) from error


def _typed(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as float64 where all values are numbers, else as text."""
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        long = pd.api.types.is_integer_dtype(values.dtype) and bool((values.abs() >= 10**15).any())
        return canonical_text(values) if long else values.astype("float64")
    text = values.astype("str").str.strip()
    text = text.mask(values.isna() | text.str.lower().isin(MISSING_WORDS))
    present = text.dropna()
    if present.empty:
        return pd.Series(np.nan, index=values.index, dtype="float64")
    are_numbers = present.str.fullmatch(_NUMBER).all()
    if not are_numbers or present.str.fullmatch(_LONG_OR_PADDED).any():
        return text
    return pd.to_numeric(text).astype("float64")


def _with_decimal_points(part: pd.DataFrame) -> pd.DataFrame:
    """Return a table that Excel wrote with semicolons and decimal commas with decimal points."""
    pattern = r"^\s*([+-]?\d+),(\d+)\s*$"
    return pd.DataFrame({name: part[name].str.replace(pattern, r"\1.\2", regex=True) for name in part})
