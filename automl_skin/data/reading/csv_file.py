"""CSV files: comma, semicolon or tab, UTF-8, also packed with gzip, also with Excel's line ``sep=;``."""

import csv
import gzip
import re
import zlib
from collections.abc import Hashable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import pandas as pd

from automl_skin.data.reading.part import DECIMAL, MAX_ROWS, name_columns, text_part
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

if TYPE_CHECKING:
    import _csv

DELIMITERS = (",", ";", "\t")
GZIP_MAGIC = b"\x1f\x8b"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def csv_parts(path: Path, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """Yield a file in parts of at most `rows` rows; a row that is cut short has missing values at its end.

    Raises
    ------
    TableError
        If the file is not text in UTF-8, is damaged, or a row holds more values than there are columns.
    """
    try:
        with _open(path) as file:
            yield from _parts(path, file, rows or MAX_ROWS)
    except UnicodeDecodeError as error:
        message = f"{path}: expected text in UTF-8, got other bytes ({error.reason}); save it as CSV UTF-8"
        raise TableError(message) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(
            f"{path}: the gzip file is damaged ({error}); copy it again, or unpack it"
        ) from error
    except OSError as error:
        raise TableError(f"{path}: the table cannot be read ({error.strerror or error})") from error


def _open(path: Path) -> TextIO:
    """Return the text of a file, unpacked where its first bytes say that it is packed."""
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    if packed:
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _parts(path: Path, file: TextIO, rows: int) -> Iterator[pd.DataFrame]:
    delimiter = _delimiter(file)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    lines = _values(path, reader)
    header = next((names for names in lines if any(name.strip() for name in names)), [])
    if not header:
        message = f"{path}: expected a first line of column names, got none; check that it is the right file"
        raise TableError(message)
    names, start = name_columns(str(path), header), 0
    # Excel writes decimal commas where it separates values by semicolons
    attributes: dict[Hashable | None, str] = {DECIMAL: ","} if delimiter == ";" else {}
    while block := list(islice(lines, rows)):
        _refuse_surplus(path, block, len(names), start)
        whole = [[*values, *[""] * (len(names) - len(values))] for values in block]
        part = text_part(dict(zip(names, zip(*whole, strict=False), strict=False)))
        part.attrs = {**attributes}
        start += len(part)
        yield part


def _delimiter(file: TextIO) -> str:
    """Return what separates the values; the file stands at the line of names afterwards."""
    line = file.readline()
    while line and not line.strip():  # blank lines above the names
        line = file.readline()
    said = _SEPARATOR_LINE.fullmatch(line)
    if said:
        return said[1]
    file.seek(0)
    return max(DELIMITERS, key=line.count)


def _values(path: Path, reader: "_csv.Reader") -> Iterator[list[str]]:
    """Yield the values of each line that is not blank."""
    try:
        yield from (values for values in reader if values)
    except csv.Error as error:
        message = (
            f"{path}: line {reader.line_num} cannot be read ({error}); correct its quotes "
            "(a value with a quote, a delimiter or a line break in it needs quotes around it)"
        )
        raise TableError(message) from error


def _refuse_surplus(path: Path, block: list[list[str]], columns: int, start: int) -> None:
    """Raise where a row holds more values than there are columns."""
    wrong = [
        start + number
        for number, values in enumerate(block, start=1)
        if any(value.strip() for value in values[columns:])
    ]
    if wrong:
        message = (
            f"{path}: expected {columns} values per row, got more in row {list_some(wrong)}; "
            "correct these rows (perhaps a value that holds the delimiter lacks its quotes)"
        )
        raise TableError(message)
