"""Excel workbooks (``.xlsx``, ``.xlsm``): cells as Excel shows them, whole numbers without a decimal part.

What reading must not guess is refused: several sheets, merged cells (below the first, their cells are blank), and
formulas that ended in an error or whose value was never stored.
"""

import datetime as dt
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_skin.data.reading.part import MAX_ROWS, name_columns, text_part
from automl_skin.data.wording import list_some
from automl_skin.errors import TableError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

EXCEL_MAGIC = b"PK\x03\x04"
OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"
MAX_WHOLE = 1e15
"""Excel keeps 15 digits of a number."""
MAX_BYTES = 500_000_000
"""Of a workbook when it is unpacked; read whole, it takes many times as much memory."""
NOT_AVAILABLE = "#N/A"
"""The error that people write themselves, for a value that is missing."""

_FORMULA_ALONE = re.compile(rb"<c\b([^>]*)>\s*<f\b[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")

# What a damaged workbook makes openpyxl raise: it checks little before it takes things apart
_DAMAGE = (
    *(
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        ArithmeticError,
        AssertionError,
        AttributeError,
        EOFError,
    ),
    *(LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError, ValueError),
)


def excel_parts(path: Path, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """Yield a workbook's only sheet with values, in parts of at most `rows` rows.

    Raises
    ------
    TableError
        If openpyxl is not installed, the file is damaged or encrypted, several sheets hold values, cells are merged,
        hold an error or a formula without a value.
    """
    sheet = _open(path)
    _refuse_merged(path, sheet)
    cells = [[_shown(path, cell) for cell in row] for row in sheet.iter_rows()]
    filled = [number for number, row in enumerate(cells) if any(row)]
    if not filled:
        return
    header, *lines = cells[filled[0] : filled[-1] + 1]
    width = max(column for row in (header, *lines) for column, value in enumerate(row, start=1) if value)
    names = name_columns(str(path), header[:width])
    size = rows or MAX_ROWS
    for start in range(0, len(lines), size):
        block = [row[:width] for row in lines[start : start + size]]
        yield text_part(dict(zip(names, zip(*block, strict=True), strict=True)))


def refuse_old_excel(path: Path) -> None:
    """Refuse a workbook that is encrypted, or of the format before 2007.

    Raises
    ------
    TableError
    """
    message = f"{path}: expected a workbook that can be read, got an old or encrypted Excel file"
    raise TableError(f"{message}; save it as .xlsx without a password, or as CSV UTF-8")


def _open(path: Path) -> "Worksheet":
    """Return the only sheet with values."""
    try:
        import openpyxl
        from openpyxl.utils.exceptions import CellCoordinatesException, InvalidFileException
    except ImportError as error:
        message = (
            f"{path}: reading Excel files needs openpyxl; install it with pip install 'automl-skin[excel]'"
        )
        raise TableError(f"{message}, or save the table as CSV UTF-8") from error
    try:
        _refuse_huge(path)
        with warnings.catch_warnings(), path.open("rb") as file:  # a path would be judged by its suffix
            warnings.simplefilter("ignore")  # about styles and validations, which do not matter here
            book = openpyxl.load_workbook(file, data_only=True)
        sheets = [
            sheet for sheet in book.worksheets if any(any(row) for row in sheet.iter_rows(values_only=True))
        ]
    except (*_DAMAGE, CellCoordinatesException, InvalidFileException) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        message = f"{path}: expected an Excel workbook, got a damaged or other file ({reason})"
        raise TableError(f"{message}; save it again, or as CSV UTF-8") from error
    _refuse_unvalued(path)
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets
    if len(visible) != 1:
        names = ", ".join(repr(sheet.title) for sheet in visible) or "none"
        message = f"{path}: expected one sheet with values, got {names}"
        raise TableError(f"{message}; save the right sheet as a file of its own, or as CSV UTF-8")
    sheet: Worksheet = visible[0]
    return sheet


def _refuse_huge(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        size = sum(each.file_size for each in packed.infolist())
    if size > MAX_BYTES:
        raise ValueError(f"{size / 1e9:,.1f} GB when unpacked, more than {MAX_BYTES / 1e9:.1f}")


def _refuse_unvalued(path: Path) -> None:
    """Refuse formulas that a program wrote without computing them: openpyxl takes their cells for blank."""
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            for found in _FORMULA_ALONE.finditer(packed.read(name)):
                if b't="str"' not in found[1]:  # a formula may end in an empty text
                    place = re.search(rb'r="(\w+)"', found[1])
                    cell = f"cell {place[1].decode()}" if place else "a cell"
                    message = f"{path}: expected the values of formulas, got none for {cell}"
                    raise TableError(
                        f"{message}; open the file in Excel and save it, or save it as CSV UTF-8"
                    )


def _refuse_merged(path: Path, sheet: "Worksheet") -> None:
    ranges = [str(each) for each in sheet.merged_cells.ranges]
    if ranges:
        message = (
            f"{path}: expected separate cells, got merged ones ({list_some(ranges)}), blank but for the first"
        )
        raise TableError(f"{message}; unmerge them and fill in every row")


def _shown(path: Path, cell: Any) -> str:
    """Return a cell as Excel shows it, but with all digits that count."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e" and value != NOT_AVAILABLE:
        message = f"{path}: cell {cell.coordinate} of sheet {cell.parent.title!r} holds the error {value}"
        raise TableError(f"{message}; correct its formula, or leave the cell blank")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value).strip()


def _number(value: float, style: str) -> str:
    """Return a number's text; zeros that the cell's format adds are part of it where they change nothing."""
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < MAX_WHOLE)
    text = str(int(value)) if whole else f"{value:.15g}"
    if re.fullmatch(r"0+", style) and text.isdigit():
        return text.zfill(len(style))
    decimals = re.fullmatch(r"0\.(0+)", style)
    if decimals and float(shown := f"{value:.{len(decimals[1])}f}") == float(value):
        return shown
    return text
