"""Entries on disk by the digest of a key: embeddings, tuned networks and pixels are kept in this way.

::

    FOLDER/
      <digest of the key>/           an entry; what lies in it stands where its kind is defined
        key.json                     the key and how the entry was made, for people; touched when it is used
      <digest of the key>.training/  an entry that is not in its place yet
      <digest of the key>.damaged/   an entry that was not what its digests say
      <digest of the key>.lock       held by the one process that writes

Reading takes no lock. An entry that a process holds is never evicted.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from automl_skin.digests import Json
from automl_skin.errors import ConfigError, IntegrityError, StorageError
from automl_skin.files import read_json, storage_errors

KEY = "key.json"
DAMAGED = ".damaged"

_SECONDS_PER_DAY = 86_400.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class CacheEntry:
    """One entry, as it was when it was listed.

    Parameters
    ----------
    path : Path
        Its folder.
    key : mapping
        What ``key.json`` says; empty if it is unreadable.
    size_bytes : int
        On disk.
    last_used : float
        Seconds since the epoch.
    """

    path: Path
    key: Mapping[str, Json]
    size_bytes: int
    last_used: float

    @property
    def digest(self) -> str:
        """Of the key."""
        return self.path.name.partition(".")[0]


@dataclass(frozen=True)
class EntryStore:
    """Entries by the digest of their key.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    """

    folder: Path

    def list(self) -> tuple[CacheEntry, ...]:
        """Return what the store holds, least recently used first."""
        folders = [path for path in self.folder.iterdir() if path.is_dir()] if self.folder.is_dir() else []
        entries = []
        for path in folders:
            with suppress(FileNotFoundError):  # evicted meanwhile
                entries.append(_read_entry(path))
        return tuple(sorted(entries, key=lambda entry: (entry.last_used, entry.path.name)))

    @contextmanager
    def hold(self, digest: str, work: str) -> Iterator[None]:
        """Hold the lock of a key; a second process waits here and says so.

        Parameters
        ----------
        digest : str
            Of the key.
        work : str
            What the other process does: ``computes the same embeddings``.

        Raises
        ------
        StorageError
            If the folder cannot be written.
        """
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self._lock(digest)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                _LOG.warning("another process %s; waiting for it", work)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def prune(
        self, *, older_than_days: float | None = None, digest: str | None = None, everything: bool = False
    ) -> tuple[CacheEntry, ...]:
        """Delete entries: those unused for some days, one key (its digest or how it begins), or all.

        Entries that another process holds are left and said.

        Returns
        -------
        tuple of CacheEntry
            What was deleted.

        Raises
        ------
        ConfigError
            If not exactly one of the three is given, or no single key begins with `digest`.
        StorageError
            If the folder cannot be written.
        """
        if sum((older_than_days is not None, digest is not None, everything)) != 1:
            raise ConfigError("prune needs exactly one of: a number of days, a key, or everything")
        entries: Sequence[CacheEntry] = self.list()
        if digest is not None:
            entries = select_key(digest, entries)
        if older_than_days is not None:
            before = time.time() - older_than_days * _SECONDS_PER_DAY
            entries = [entry for entry in entries if entry.last_used < before]
        deleted = []
        for entry in entries:
            if self._evict(entry):
                deleted.append(entry)
            else:
                _LOG.warning("%s is in use by another process and was left", entry.digest)
        return tuple(deleted)

    def make_room(self, digest: str, n_bytes: int, limit_bytes: int) -> None:
        """Evict the least recently used other entries until an entry of some size fits the limit of all together.

        Raises
        ------
        StorageError
            If the disk has not as much free space.
        """
        entries = self.list()
        others = [entry for entry in entries if entry.digest != digest]
        total = n_bytes + sum(entry.size_bytes for entry in others)
        for entry in others:
            if total > limit_bytes and self._evict(entry):
                _LOG.info("%s was deleted to make room", entry.path)
                total -= entry.size_bytes
        own = sum(entry.size_bytes for entry in entries if entry.digest == digest)
        free = shutil.disk_usage(self.folder).free + own
        if free < n_bytes:
            message = (
                f"{self.folder}: expected {to_gigabytes(n_bytes)} of free space, got {to_gigabytes(free)}"
            )
            raise StorageError(f"{message}; free some space or choose another cache folder")

    def _evict(self, entry: CacheEntry) -> bool:
        """Delete an entry unless a process holds it; whoever has its files mapped keeps what is mapped."""
        with storage_errors(self.folder):
            try:
                with self._lock(entry.digest).acquire(timeout=0):
                    if entry.path.is_dir():  # else another process evicted it meanwhile
                        shutil.rmtree(entry.path)
            except Timeout:
                return False
        return True

    def _lock(self, digest: str) -> FileLock:
        return FileLock(self.folder / f"{digest}.lock")


def select_key(digest: str, entries: Sequence[CacheEntry]) -> list[CacheEntry]:
    """Return the entries of the one key that is `digest` or begins with it.

    Raises
    ------
    ConfigError
        If no key begins so, or several do.
    """
    chosen = [entry for entry in entries if entry.digest.startswith(digest)]
    if len({entry.digest for entry in chosen}) != 1:
        listed = ", ".join(entry.digest[:12] for entry in entries) or "none"
        message = f"expected one cached key that begins with {digest!r}, got {len(chosen)}"
        raise ConfigError(f"{message}; the cache holds: {listed}")
    return chosen


def mark_used(entry: Path) -> None:
    """Write down that an entry was used now; a read-only folder can be read all the same."""
    try:
        os.utime(entry / KEY)
    except OSError as error:
        _LOG.debug("%s: %s", entry, error)


def set_aside(path: Path) -> None:
    """Rename a damaged file or folder so that nothing reads it again, in place of an earlier one."""
    aside = path.with_name(path.name + DAMAGED)
    try:
        if aside.is_dir():
            shutil.rmtree(aside)
        path.replace(aside)
    except OSError as error:  # a read-only cache, or another process was faster
        _LOG.warning("%s could not be set aside: %s", path, error)


def to_gigabytes(n_bytes: int) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> to_gigabytes(1_500_000_000)
    '1.5 GB'
    """
    return f"{n_bytes / 1e9:,.3g} GB"


def _read_entry(path: Path) -> CacheEntry:
    key_file = path / KEY
    try:
        key = read_json(key_file)
    except (IntegrityError, OSError):
        key = {}
    stamp = (key_file if key_file.exists() else path).stat().st_mtime
    return CacheEntry(path, key if isinstance(key, dict) else {}, _measure(path), stamp)


def _measure(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a temporary file of another process
            size += path.stat().st_size if path.is_file() else 0
    return size
