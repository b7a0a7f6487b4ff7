"""Published lists of duplicates: which copies of which images are to go.

Cassidy et al. 2021 publish text files with one path a line, such as ``.../2016/train/ISIC_0003346.jpg``. A line names
a *copy*: of the images that stand in several challenges only the newest copy stays, so ISIC_0003346 itself is not
lost. The year is a folder of the path. CSV files with an id or path column, and a ``year`` column if there is one,
are read as well, and so are lists of bare ids, which mean the image in every year.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl_skin.data.headers import USUAL_NAMES, normal_name
from automl_skin.data.table import canonical_text, id_text, read_table
from automl_skin.errors import TableError

YEAR = "year"
_ISIC = re.compile(r"ISIC(?:\d{4})?_(\d{7})", re.IGNORECASE)
_YEAR_FOLDER = re.compile(r"(?:^|[/\\])(20[12]\d)(?=[/\\])")
_SHOWN = 3


@dataclass(frozen=True)
class Entry:
    """A copy that a list names.

    Parameters
    ----------
    image : str
        As `image_id` gives it.
    year : str
        Of the challenge whose copy is meant; empty for every copy.
    source : str
        File and line.
    """

    image: str
    year: str
    source: str


def image_id(name: str) -> str:
    """Return the archive's id that a file name, path or id holds; the bare name where it holds none.

    Examples
    --------
    >>> image_id("2019/train/ISIC_0000013_downsampled.jpg"), image_id("ISIC2019_0025105_mel.jpg"), image_id("a/b1.png")
    ('ISIC_0000013', 'ISIC_0025105', 'b1')
    """
    found = _ISIC.search(name)
    return f"ISIC_{found[1]}" if found else re.split(r"[/\\]", name)[-1].partition(".")[0]


def read_list(path: Path) -> tuple[Entry, ...]:
    """Read a published list.

    Raises
    ------
    TableError
        If the file is missing, is no text, names no image, or has no column of images.
    """
    if not path.is_file():
        raise TableError(f"--duplicates must be a file with a list; {path} is none: check the path")
    if path.suffix.lower() in {".csv", ".tsv", ".parquet"}:
        return _from_table(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise TableError(f"{path} must be text in UTF-8 and is not; save it again as UTF-8") from error
    entries = tuple(
        _from_path(line.strip(), path, number) for number, line in enumerate(lines, 1) if line.strip()
    )
    if not entries:
        raise TableError(
            f"{path} must name an image in each line and is empty; check that it is the right file"
        )
    return entries


def listed(
    images: "pd.Series[str]",
    years: "pd.Series[str] | None",
    entries: Iterable[Entry],
    *,
    any_year: bool = False,
) -> "pd.Series[str]":
    """Return the rows that the lists name, with the reason.

    Parameters
    ----------
    images : Series
        Image ids by row.
    years : Series or None
        Challenge years by row, NA where a row is from none; None where the table does not say it.
    entries : iterable of Entry
    any_year : bool
        Whether an entry means the image whatever year it names.
    """
    named: dict[tuple[str, str], str] = {}
    for entry in entries:
        named.setdefault((entry.image, "" if any_year else entry.year), entry.source)
    every = images.map(lambda image: named.get((image, "")))
    if years is not None and not any_year:
        pairs = pd.Series(list(zip(images, years, strict=True)), index=images.index)
        every = every.fillna(pairs.map(named.get))
    return ("listed in " + every.dropna().astype("str")).astype("str")


def years_of(table: pd.DataFrame) -> "pd.Series[str] | None":
    """Return the challenge year of each row as text, None where the table has no such column."""
    return canonical_text(table[YEAR]) if YEAR in table else None


def _from_path(text: str, path: Path, number: int) -> Entry:
    years = _YEAR_FOLDER.findall(text)
    return Entry(image_id(text), years[-1] if years else "", f"{path.name}, line {number}")


def _from_table(path: Path) -> tuple[Entry, ...]:
    """Read a list that is a table with a column of images."""
    table = read_table(path)
    by_name = {normal_name(str(name)): name for name in table.columns}
    column = next((by_name[name] for name in USUAL_NAMES["image"] if name in by_name), None)
    if column is None and len(table.columns) == 1:  # a list without a heading has its first line as one
        first, rest = str(table.columns[0]), list(table.iloc[:, 0].dropna().astype("str"))
        return tuple(_from_path(name, path, number) for number, name in enumerate([first, *rest], 1))
    if column is None:
        shown = ", ".join(map(str, table.columns))
        message = f"{path} must have a column of image ids or paths, such as isic_id, and has {shown}"
        raise TableError(f"{message}; rename the column")
    names, years = id_text(table[column]), years_of(table)
    if names.isna().any():
        rows = ", ".join(str(row + 2) for row in table.index[names.isna()][:_SHOWN])
        raise TableError(
            f"each row of {path} must name an image, and line {rows} does not; fill it in or drop it"
        )
    entries = [_from_path(name, path, number) for number, name in enumerate(names, 2)]
    if years is None:
        return tuple(entries)
    known = years.fillna("")
    return tuple(Entry(entry.image, year, entry.source) for entry, year in zip(entries, known, strict=True))
