"""Tables on disk that are whole or absent: Parquet files beside one JSON file with their digests."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from automl_skin.digests import Json, digest_file
from automl_skin.errors import IntegrityError
from automl_skin.files import atomic_write, read_json, storage_errors, write_json

SUMMARY = "manifest.json"


def write_record(folder: Path, tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Json]) -> None:
    """Write tables and, last, the summary without which they do not count.

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
    write_json(folder / SUMMARY, {**summary, "digests": digests})


def read_record(folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, Json]]:
    """Read what `write_record` wrote.

    Raises
    ------
    IntegrityError
        If it is not there as a whole, or a file was changed.
    """
    if not (folder / SUMMARY).is_file():
        message = (
            f"{folder} must hold a whole manifest and has no {SUMMARY}; give the command again that makes it"
        )
        raise IntegrityError(message)
    summary = read_json(folder / SUMMARY)
    digests = summary.get("digests") if isinstance(summary, dict) else None
    if not isinstance(summary, dict) or not isinstance(digests, dict):
        message = f"{folder / SUMMARY} must list digests and does not; give the command again that makes it"
        raise IntegrityError(message)
    for name, digest in digests.items():
        path = folder / f"{name}.parquet"
        if not path.is_file() or digest_file(path) != digest:
            message = f"{path} is not what {SUMMARY} says it is; give the command again that makes it"
            raise IntegrityError(message)
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in digests}, summary


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
        message = (
            f"{path} must be a file of labels and cannot be read ({error}); it was damaged or taken away"
        )
        raise IntegrityError(message) from error
