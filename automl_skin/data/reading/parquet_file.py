"""Parquet files: integers digit by digit, a named pandas index as a column, damage as an error."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl_skin.data.reading.part import MAX_ROWS, name_columns, text_part
from automl_skin.errors import TableError

PARQUET_MAGIC = b"PAR1"
MAX_WHOLE = 2.0**53
"""Whole numbers up to this size have all their digits in a float64."""
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")

# What a damaged file makes pyarrow raise: its own errors, and those of Python that it lets through
_DAMAGE = (pa.ArrowException, ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)


def parquet_parts(path: Path, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """Yield a file in parts of at most `rows` rows.

    Raises
    ------
    TableError
        If the file is damaged or not a Parquet file, or a column holds bytes that are not text.
    """
    n_read = 0
    parts = _parts(path, rows or MAX_ROWS)
    while True:
        try:
            part = next(parts, None)
        except _DAMAGE as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            message = f"{path}: expected a Parquet file, got a damaged or other file ({reason})"
            raise TableError(f"{message}; write it again, or give CSV") from error
        if part is None:
            return
        n_read += len(part)
        yield part


def _parts(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    with pq.ParquetFile(path) as file:
        names, n_read = _names(path, file.schema_arrow), 0
        for batch in file.iter_batches(batch_size=rows):
            batch.validate(full=True)  # of offsets, indices and text: a damaged file may hold any
            part = text_part({new: _text(path, old, batch.column(old)) for old, new in names.items()})
            n_read += len(part)
            yield part
        if n_read != file.metadata.num_rows:
            raise ValueError(f"expected {file.metadata.num_rows:,} rows, got {n_read:,}")


def _names(path: Path, schema: pa.Schema) -> dict[int, str]:
    """Return the columns by position, with their names.

    A named index of pandas is a column like others. One without a name is left out if it counts rows, and is
    called ``index`` if it holds something else.
    """
    kept = {
        position: "index" if _UNNAMED_INDEX.fullmatch(field.name) else field.name
        for position, field in enumerate(schema)
        if not (_UNNAMED_INDEX.fullmatch(field.name) and pa.types.is_integer(field.type))
    }
    return dict(zip(kept, name_columns(str(path), list(kept.values())), strict=True))


def _text(path: Path, position: int, values: pa.Array) -> "pd.Series[str]":
    """Return a column as text; lists and structures as Python writes them."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
        kind = values.type
    if pa.types.is_nested(kind) or pa.types.is_duration(kind):
        return _series([None if value is None else str(value) for value in values.to_pylist()])
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _decoded(path, position, values)
    text = _series(pc.cast(values, pa.string()).to_pylist())
    if pa.types.is_boolean(kind):
        return text.str.capitalize()
    if pa.types.is_floating(kind):
        return text.mask(text == "nan").map(_expanded, na_action="ignore").astype("str")
    if pa.types.is_timestamp(kind):
        return text.str.replace(r"\.0+(?=Z?$)", "", regex=True).str.replace(r" 00:00:00Z?$", "", regex=True)
    return text


def _series(values: list[Any]) -> "pd.Series[str]":
    return pd.Series(values, dtype="str")


def _expanded(text: str) -> str:
    """Return a float's text, a whole number's as digits: ``1e+15`` is 1000000000000000."""
    if "e+" in text and abs(float(text)) <= MAX_WHOLE:
        return str(int(float(text)))
    return text


def _decoded(path: Path, position: int, values: pa.Array) -> "pd.Series[str]":
    """Return bytes as the text that old writers meant by them."""
    try:
        return _series([None if value is None else value.decode("utf-8") for value in values.to_pylist()])
    except UnicodeDecodeError as error:
        message = f"{path}: column {position + 1}: expected text, got other bytes; write the file without it"
        raise TableError(message) from error
