"""The file of scores, as CSV or as Parquet, and its one reader.

A spreadsheet runs a cell that begins with one of ``= + - @``, a tab or a carriage return, and ids are what somebody
typed. In CSV such a text (an id, a class, a header) is written with an apostrophe before it, which spreadsheets show as
text; a text that begins with an apostrophe gets another one, so that `read_scores` can take off what was put before.
Numbers are written as they are. In Parquet nothing is put before anything.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl_skin.errors import ConfigError, TableError
from automl_skin.files import atomic_write

PARQUET = frozenset({".parquet", ".pq"})
OTHER_FORMATS = frozenset({".xlsx", ".xls", ".ods", ".tsv", ".json", ".feather", ".gz", ".zip"})
"""That a name may promise and that are not written."""

MAX_HEADER = 1_000_000
"""Characters of a line of column names."""

DECISION, FLAGS = "decision", "flags"
PROBABILITY = "probability"

# the last four are the wide forms of the first four
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARD = "'"
_MARK = {b"automl_skin": b"scores"}


def is_parquet(path: Path) -> bool:
    """Return whether a file of this name is Parquet."""
    return path.suffix.lower() in PARQUET


def require_format(path: Path) -> None:
    """Refuse a name that promises a format other than CSV and Parquet.

    Raises
    ------
    ConfigError
    """
    if path.suffix.lower() in OTHER_FORMATS:
        raise ConfigError(f"--output: expected a name that ends in .csv or .parquet, got {path.name}")


def write_scores(path: Path, parts: Iterable[pd.DataFrame]) -> None:
    """Write scores, whole or not at all.

    Parameters
    ----------
    path : Path
        Parquet by its suffix, else CSV.
    parts : iterable of DataFrame
        All columns as text, probabilities as Python writes them; empty where there is none.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with atomic_write(path) as temporary:
        if is_parquet(path):
            _write_parquet(temporary, parts)
            return
        with temporary.open("w", encoding="utf-8", newline="") as output:
            for number, part in enumerate(parts):
                guarded = part.apply(
                    lambda column: column if is_probability(column.name) else column.map(guard)
                ).rename(columns=guard)
                guarded.to_csv(output, index=False, header=number == 0, quoting=quoting_of(part))


def quoting_of(part: pd.DataFrame) -> Literal[0, 1]:
    """Return how the cells of a part are quoted: all of them where one holds a carriage return.

    Python before 3.13 does not quote a cell for that, and a reader would take it for the end of the row.
    """
    texts = [part[name] for name in part if not is_probability(name)]
    return csv.QUOTE_ALL if any(text.str.contains("\r").any() for text in texts) else csv.QUOTE_MINIMAL


def read_scores(path: Path | str) -> pd.DataFrame:
    """Read a file of scores: ids as they were given, probabilities as numbers with NaN where there is none.

    Parameters
    ----------
    path : Path or str
        As `write_scores` wrote it.

    Raises
    ------
    TableError
        If it is no file of scores.
    """
    path = Path(path)
    if not are_scores(path):
        raise TableError(f"{path}: expected scores as `automl-skin score` writes them, got another file")
    if is_parquet(path):
        scores: pd.DataFrame = pq.read_table(path).to_pandas()
        return scores
    table = pd.read_csv(path, dtype="str", keep_default_na=False).rename(columns=_unguarded)
    for name in table:
        table[name] = _numbers(table[name]) if is_probability(name) else table[name].map(_unguarded)
    return table


def are_scores(path: Path) -> bool:
    """Return whether a file is one that `write_scores` wrote, by its header."""
    if is_parquet(path):
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (pa.ArrowException, OSError):
            return False
        return _MARK.items() <= metadata.items()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names = next(csv.reader([file.readline(MAX_HEADER)]), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    probabilities = [name for name in names if is_probability(name)]
    return bool(probabilities) and names[-len(probabilities) - 2 :] == [*probabilities, DECISION, FLAGS]


def is_probability(column: object) -> bool:
    """Return whether a column of scores holds probabilities."""
    return str(column) == PROBABILITY or str(column).startswith(f"{PROBABILITY}_")


def _write_parquet(path: Path, parts: Iterable[pd.DataFrame]) -> None:
    writer: pq.ParquetWriter | None = None
    try:
        for part in parts:
            typed = part.apply(
                lambda column: _numbers(column) if is_probability(column.name) else column.astype(object)
            )
            fields = [
                pa.field(name, pa.float64() if is_probability(name) else pa.string())
                for name in typed.columns
            ]
            table = pa.Table.from_pandas(typed, pa.schema(fields), preserve_index=False)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), **_MARK})
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _numbers(column: "pd.Series[str]") -> "pd.Series[float]":
    return column.map(lambda text: float(text or "nan")).astype("float64")


def guard(text: str) -> str:
    """Return a text that no spreadsheet runs."""
    return _GUARD + text if text.startswith((*_RUN_BY_SPREADSHEETS, _GUARD)) else text


def _unguarded(text: str) -> str:
    return (
        text[1:] if text.startswith(_GUARD) and text[1:].startswith((*_RUN_BY_SPREADSHEETS, _GUARD)) else text
    )
