"""Tables on disk that are whole or absent: Parquet files beside one JSON file with their digests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from automl_skin.digests import digest_file
from automl_skin.errors import IntegrityError
from automl_skin.files import atomic_write, read_json, storage_errors, write_json
from automl_skin.records import from_plain, to_plain

SUMMARY = "manifest.json"

Summary = TypeVar("Summary")


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame], summary: Any) -> None:
    """Write tables and, last, the dataclass `summary` without which they do not count.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    with storage_errors(folder):
        (folder / SUMMARY).unlink(missing_ok=True)
    for name, table in tables.items():
        write_parquet(folder / f"{name}.parquet", table)
    digests = {name: digest_file(folder / f"{name}.parquet") for name in tables}
    write_json(folder / SUMMARY, {"summary": to_plain(summary), "digests": digests})


def read_tables(folder: Path, kind: type[Summary]) -> tuple[dict[str, pd.DataFrame], Summary]:
    """Read what `write_tables` wrote, with a summary of `kind`.

    Raises
    ------
    IntegrityError
        If it is not there as a whole, or a file was changed.
    """
    file, again = folder / SUMMARY, "repeat the command that writes it"
    if not file.is_file():
        raise IntegrityError(f"{folder}: expected a whole manifest, got none ({SUMMARY} is missing); {again}")
    content = read_json(file)
    digests = content.get("digests") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(digests, dict) or "summary" not in content:
        raise IntegrityError(f"{file}: expected a summary and digests, got neither or one of them; {again}")
    for name, digest in digests.items():
        path = folder / f"{name}.parquet"
        if not path.is_file() or digest_file(path) != digest:
            raise IntegrityError(
                f"{path}: expected the digest that {SUMMARY} records, got another file; {again}"
            )
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in digests}
    return tables, from_plain(kind, content["summary"], str(file))


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write one table whole or not at all."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary)


def write_labels(path: Path, labels: pd.DataFrame) -> None:
    """Write labels (`Manifest.label_table`) to a file of their own.

    Parameters
    ----------
    path : Path
        A Parquet file.
    labels : DataFrame of n_cases rows
        Index ``case``; columns ``label``, ``diagnosis`` and what else may give the label away.
    """
    write_parquet(path, labels)


def read_labels(path: Path) -> pd.DataFrame:
    """Read labels that `write_labels` wrote.

    Raises
    ------
    IntegrityError
        If the file is missing or damaged.
    """
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        message = f"{path}: expected a file of labels, got {error}; it was damaged or removed"
        raise IntegrityError(message) from error
