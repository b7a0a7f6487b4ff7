"""Duplicates: copies that published lists name, rows of one image id, and images of the same bytes.

Cassidy et al. 2021 publish lists as text files with one path per line, such as ``.../2016/train/ISIC_0003346.jpg``. A
line names a *copy*: of the images that stand in several challenges only the newest copy stays, so ISIC_0003346 itself
is not lost. The year is a folder of the path. CSV files with a column of ids or paths, and maybe one of the ``year``,
are read as well, and so are lists of bare ids, which mean the image in every year.

Rows of one image id, or with images of the same bytes, are copies of each other (rdfind's criterion, Ahammed et al.
2025, section 4.1). Of several copies one stays: that of the test part, as Cassidy et al. take copies of test images out
of training; then the newest by challenge year; then the first row.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from automl_skin.data.headers import normal_name
from automl_skin.data.roles import ROLES
from automl_skin.data.table import canonical_text, id_text, read_table
from automl_skin.errors import TableError
from automl_skin.papers.curation.rules import SPLIT, TEST

YEAR = "year"
_ISIC = re.compile(r"ISIC(?:\d{4})?_(\d{7})", re.IGNORECASE)
_YEAR_FOLDER = re.compile(r"(?:^|[/\\])(20[12]\d)(?=[/\\])")
_SHOWN = 3


@dataclass(frozen=True)
class ListedCopy:
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


def find_image_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns whose names are usual for an image, the most usual one first."""
    by_name = {normal_name(str(name)): str(name) for name in table.columns}
    return [by_name[name] for name in ROLES["image"].names if name in by_name]


def read_list(path: Path) -> tuple[ListedCopy, ...]:
    """Read a published list.

    Raises
    ------
    TableError
        If the file is missing, is no text, names no image, or has no column of images.
    """
    if not path.is_file():
        raise TableError(
            f"--duplicates: expected a file with a list, got {path} (not a file); check the path"
        )
    if path.suffix.lower() in {".csv", ".tsv", ".parquet"}:
        return _from_table(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise TableError(f"{path}: expected text in UTF-8; save it again as UTF-8") from error
    entries = tuple(
        _from_path(line.strip(), path, number) for number, line in enumerate(lines, 1) if line.strip()
    )
    if not entries:
        raise TableError(
            f"{path}: expected an image in each line, got an empty file; check that it is the right one"
        )
    return entries


def find_listed(
    images: "pd.Series[str]",
    years: "pd.Series[str] | None",
    entries: Iterable[ListedCopy],
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


def _from_path(text: str, path: Path, number: int) -> ListedCopy:
    years = _YEAR_FOLDER.findall(text)
    return ListedCopy(image_id(text), years[-1] if years else "", f"{path.name}, line {number}")


def _from_table(path: Path) -> tuple[ListedCopy, ...]:
    """Read a list that is a table with a column of images."""
    table = read_table(path)
    column = next(iter(find_image_columns(table)), None)
    if column is None and len(table.columns) == 1:  # a list without a heading has its first line as one
        first, rest = str(table.columns[0]), list(table.iloc[:, 0].dropna().astype("str"))
        return tuple(_from_path(name, path, number) for number, name in enumerate([first, *rest], 1))
    if column is None:
        shown = ", ".join(map(str, table.columns))
        raise TableError(
            f"{path}: expected a column of image ids or paths, such as isic_id, got {shown}; rename the column"
        )
    names, years = id_text(table[column]), years_of(table)
    if names.isna().any():
        rows = ", ".join(str(row + 2) for row in table.index[names.isna()][:_SHOWN])
        raise TableError(
            f"{path}: expected an image in each row, got none in line {rows}; fill it in or drop it"
        )
    entries = [_from_path(name, path, number) for number, name in enumerate(names, 2)]
    if years is None:
        return tuple(entries)
    known = years.fillna("")
    return tuple(
        ListedCopy(entry.image, year, entry.source) for entry, year in zip(entries, known, strict=True)
    )


def find_copies(table: pd.DataFrame, keys: "pd.Series[str]") -> pd.DataFrame:
    """Return the rows that share a key with one that stays.

    Parameters
    ----------
    table : DataFrame of n_rows rows
        Index ``(table, row)``.
    keys : Series
        Image id, or digest of the image's bytes, by row; rows without one are no copies.

    Returns
    -------
    DataFrame
        By row that goes, ``(table, row)`` of the one that stays as columns ``table`` and ``row``.
    """
    known = keys.reindex(table.index).dropna()
    known = known[known.duplicated(keep=False)]
    ordered = known.loc[_best_first(table.loc[known.index])]
    stays = ordered.index.to_frame(index=False).groupby(ordered.to_numpy(), sort=False).first()
    going = ordered[ordered.duplicated()]
    return stays.loc[going.tolist()].set_axis(going.index)


def find_in_reference(
    table: pd.DataFrame, keys: "pd.Series[str]", reference: "pd.Series[str]"
) -> pd.DataFrame:
    """Return the rows whose key stands in a set that was curated before, as `find_copies` does.

    Parameters
    ----------
    keys, reference : Series
        Ids or digests of the table's rows and of that set's, NA where there is none.
    """
    known = reference.dropna()
    first = known[~known.duplicated()]
    where = first.index.to_frame(index=False).set_axis(first.tolist())
    found = keys.reindex(table.index)
    found = found[found.isin(where.index)]
    return where.loc[found.tolist()].set_axis(found.index)


def give_reasons(copies: pd.DataFrame, what: str) -> "pd.Series[str]":
    """Return why each copy goes."""
    text = what + " as " + copies["table"].astype("str") + ", row " + copies["row"].astype("str")
    return text.astype("str")


def _best_first(table: pd.DataFrame) -> pd.MultiIndex:
    """Return the rows such that of several copies the one that stays comes first."""
    years = years_of(table)
    order = pd.DataFrame(index=table.index)
    order["part"] = (table[SPLIT] != TEST) if SPLIT in table else False
    order["age"] = -pd.to_numeric(years, errors="coerce").fillna(0.0) if years is not None else 0.0
    index = order.sort_values(["part", "age"], kind="stable").index
    assert isinstance(index, pd.MultiIndex)
    return index
