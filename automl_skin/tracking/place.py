"""Where a SQLite store and its artefacts lie, and what happens when they were moved.

MLflow keeps every artefact's place as an absolute path. A workspace that was renamed, copied or mounted elsewhere
would list no artefact, without an error. So every experiment of ours has a tag with the folder of its database; when
the database is opened in another folder, whatever it has recorded below the old one is recorded below the new one.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from automl_skin.errors import ConfigError

SQLITE = "sqlite:///"
STORE_FOLDER = "automl_skin.store_folder"
"""Tag of an experiment: the folder in which the database lay when it was last opened."""

LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns in which MLflow keeps the places of artefacts (3.17)."""

PATIENCE_SECONDS = 60.0


def is_local(uri: str) -> bool:
    """Return whether the store is a SQLite file of this machine."""
    return uri.startswith(SQLITE)


def database_of(uri: str) -> Path:
    """Return the file of a SQLite store.

    Raises
    ------
    ConfigError
        If MLflow would look elsewhere: it takes what follows a question mark for options, and %20 for a blank.
    """
    path, mark, rest = uri.removeprefix(SQLITE).partition("?")
    if "/" in rest or unquote(path) != path:  # no option of SQLite's has a slash
        raise ConfigError(
            f"{path}{mark}{rest}: MLflow cannot keep its store below a folder whose name has a question mark or a "
            "percent sign before two digits; rename the folder, or give another --workspace or --tracking-uri"
        )
    return Path(path).absolute()


def folder_of(location: str) -> Path | None:
    """Return the folder that MLflow means by a location; None if it is not on this machine.

    Examples
    --------
    >>> folder_of("file:///data/study%25201")
    PosixPath('/data/study%201')
    >>> folder_of("s3://bucket/artifacts") is None
    True
    """
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(location) if location.startswith("/") else None


def follow_move(database: Path, here: Path) -> list[Path]:
    """Record what lies below a database's old folder below its new one, and return the old folders.

    All of it is one transaction of this very database: what a copy was made from stays as it is. Nothing is done where
    the old folder is the new one under another name (a link, a second mount).

    Parameters
    ----------
    database : Path
        May not exist.
    here : Path
        Its folder, absolute; its workspace's other files are in the folder above.

    Raises
    ------
    sqlite3.Error
        If the file is no database, or cannot be written.
    """
    if not database.is_file() or database.stat().st_size == 0:
        return []
    with _connected(database) as connection:
        moved = [old for old in _recorded_folders(connection) if not _is_same(old, here)]
        if moved:
            connection.execute("BEGIN IMMEDIATE")
            for old in moved:
                _move_locations(connection, old, here)
                _move_data(connection, old.parent, here.parent)
            connection.execute(
                "UPDATE experiment_tags SET value = ? WHERE key = ?", (str(here), STORE_FOLDER)
            )
            connection.execute("COMMIT")
    return moved


def follow_artifacts(database: Path, old: Path, here: Path) -> bool:
    """Follow a folder of artefacts whose database lies elsewhere, if it was moved; return whether it was.

    It was moved if the old folder is gone, and the new one has a folder of one of its runs.
    """
    if old.exists() or not here.is_dir():
        return False
    with _connected(database) as connection:
        runs = connection.execute("SELECT artifact_uri FROM runs WHERE artifact_uri IS NOT NULL")
        places = [place for (uri,) in runs if (place := folder_of(uri)) and place.is_relative_to(old)]
        if not any((here / place.relative_to(old)).is_dir() for place in places):
            return False
        connection.execute("BEGIN IMMEDIATE")
        _move_locations(connection, old, here)
        connection.execute("COMMIT")
    return True


def copy_database(database: Path, copy: Path) -> None:
    """Copy a database that may lie where nothing can be written."""
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


@contextmanager
def _connected(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a database without transactions of Python's own; what was not committed is rolled back."""
    with closing(sqlite3.connect(database, timeout=PATIENCE_SECONDS, isolation_level=None)) as connection:
        yield connection


def _recorded_folders(connection: sqlite3.Connection) -> list[Path]:
    if not _has_table(connection, "experiment_tags"):
        return []
    rows = connection.execute(
        "SELECT DISTINCT value FROM experiment_tags WHERE key = ? ORDER BY value", (STORE_FOLDER,)
    )
    return [Path(value) for (value,) in rows]


def _has_table(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return found.fetchone() is not None


def _move_locations(connection: sqlite3.Connection, old: Path, new: Path) -> None:
    for table, column in LOCATIONS:
        rows = connection.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL")  # noqa: S608
        changed = [(str(place), row) for row, value in rows if (place := _moved(value, old, new))]
        connection.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", changed)  # noqa: S608


def _move_data(connection: sqlite3.Connection, old: Path, new: Path) -> None:
    """Follow the tables of cases that lay in the workspace and moved with it."""
    rows = connection.execute(
        "SELECT rowid, dataset_source FROM datasets WHERE dataset_source_type = 'local'"
    )
    changed = []
    for row, text in rows:
        place = _moved(str(json.loads(text).get("uri", "")), old, new)
        if place is not None and place.exists():
            changed.append((json.dumps({"uri": str(place)}), row))
    connection.executemany("UPDATE datasets SET dataset_source = ? WHERE rowid = ?", changed)


def _moved(location: str, old: Path, new: Path) -> Path | None:
    """Return the new place of what lay below the old folder; None for what lay elsewhere."""
    place = folder_of(location)
    return new / place.relative_to(old) if place is not None and place.is_relative_to(old) else None


def _is_same(old: Path, here: Path) -> bool:
    return old == here or (old.exists() and here.exists() and old.samefile(here))
