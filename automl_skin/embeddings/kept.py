"""What is kept on disk by the digest of a key: held by one process at a time, and let go of by people."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout

from automl_skin.digests import Json
from automl_skin.errors import ConfigError
from automl_skin.files import storage_errors

_SECONDS_A_DAY = 86_400.0
_LOG = logging.getLogger(__name__)


class Entry(Protocol):
    """What is kept of one key.

    Parameters
    ----------
    digest : str
        Of the key.
    key : mapping
        What ``key.json`` says, empty if it is unreadable.
    size_bytes : int
        On disk.
    last_used : float
        Seconds since the epoch.
    """

    @property
    def digest(self) -> str: ...  # noqa: D102 - described above

    @property
    def key(self) -> Mapping[str, Json]: ...  # noqa: D102

    @property
    def size_bytes(self) -> int: ...  # noqa: D102

    @property
    def last_used(self) -> float: ...  # noqa: D102


AnEntry = TypeVar("AnEntry", bound=Entry)


@contextmanager
def holding(folder: Path, digest: str, what: str) -> Iterator[None]:
    """Hold the lock of a key; a second process waits here and says so.

    Parameters
    ----------
    folder : Path
        Where the lock lies.
    digest : str
        Of the key.
    what : str
        What the other process does: ``computes the same embeddings``.

    Raises
    ------
    StorageError
        If the folder cannot be written.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{digest}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _LOG.warning("another process %s; waiting for it", what)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def let_go(
    entries: Sequence[AnEntry],
    folder: Path,
    delete: Callable[[AnEntry], None],
    *,
    older_than_days: float | None,
    digest: str | None,
    everything: bool,
) -> tuple[AnEntry, ...]:
    """Delete entries: those unused for some days, one key (its digest or how it begins), or all.

    Entries that another process holds are left and said.

    Returns
    -------
    tuple of Entry
        What was deleted.

    Raises
    ------
    ConfigError
        If not exactly one of the three is given, or no single entry begins with `digest`.
    StorageError
        If the folder cannot be written.
    """
    if sum((older_than_days is not None, digest is not None, everything)) != 1:
        raise ConfigError("prune needs exactly one of: a number of days, a key, or everything")
    if digest is not None:
        entries = beginning_with(digest, entries)
    if older_than_days is not None:
        before = time.time() - older_than_days * _SECONDS_A_DAY
        entries = [entry for entry in entries if entry.last_used < before]
    return tuple(entry for entry in entries if _delete_unheld(entry, folder, delete))


def touch(path: Path) -> None:
    """Take down that what belongs to `path` was used; a read-only folder can be read all the same."""
    try:
        os.utime(path)
    except OSError as error:
        _LOG.debug("%s: %s", path, error)


def _delete_unheld(entry: AnEntry, folder: Path, delete: Callable[[AnEntry], None]) -> bool:
    lock = FileLock(folder / f"{entry.digest}.lock")
    with storage_errors(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _LOG.warning("%s is being computed by another process and was left", entry.digest)
            return False
        try:
            delete(entry)
        finally:
            lock.release()
    return True


def beginning_with(digest: str, entries: Sequence[AnEntry]) -> Sequence[AnEntry]:
    """Return the entries of the one key that is `digest` or begins with it.

    Raises
    ------
    ConfigError
        If there is none, or several keys begin so.
    """
    chosen = [entry for entry in entries if entry.digest.startswith(digest)]
    if len({entry.digest for entry in chosen}) != 1:
        listed = ", ".join(entry.digest[:12] for entry in entries) or "none"
        message = f"exactly one cached key must begin with {digest!r}, found {len(chosen)}"
        raise ConfigError(f"{message}; the cache holds: {listed}")
    return chosen
