"""Embeddings on disk: written once, whole or absent, verified on read.

::

    FOLDER/
      <digest of the key>/
        key.json                 what the embeddings depend on, for people; touched when they are used
        <digest>.safetensors     shards, see ``shard.py``
        <digest>.safetensors.damaged
      <digest of the key>.lock   held by the one process that computes

Reading takes no lock: a shard is there whole or not at all.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.digests import Json
from automl_skin.embeddings.kept import holding, let_go, touch
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.embeddings.shard import Shard, count_rows, read_shard, shard_files, write_shard
from automl_skin.errors import IntegrityError
from automl_skin.files import read_json, storage_errors, write_json

_KEY = "key.json"


@dataclass(frozen=True)
class CacheEntry:
    """What the cache holds of one key.

    Parameters
    ----------
    digest : str
        Of the key.
    key : mapping
        What ``key.json`` says: backbone, recipe, views, precision ... Empty if it is unreadable.
    images : int
        Embeddings held.
    size_bytes : int
        On disk.
    last_used : float
        Seconds since the epoch.
    """

    digest: str
    key: Mapping[str, Json]
    images: int
    size_bytes: int
    last_used: float


class EmbeddingCache:
    """Embeddings by key and image content.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: EmbeddingKey, contents: Sequence[str]) -> tuple[Float32Array, BoolArray]:
        """Read embeddings.

        Parameters
        ----------
        key : EmbeddingKey
            What they depend on.
        contents : sequence of str
            Digests of the images' bytes.

        Returns
        -------
        embeddings : ndarray of shape (n, n_dimensions)
            In the order of `contents`; NaN where not found; (n, 0) if nothing was found.
        found : ndarray of bool of shape (n,)
        """
        rows: dict[str, list[int]] = {}
        for row, content in enumerate(contents):
            rows.setdefault(content, []).append(row)
        embeddings = np.empty((len(contents), 0), np.float32)
        found = np.zeros(len(contents), np.bool_)
        for shard in self._shards(key):
            if embeddings.shape[1] == 0:
                embeddings = np.full((len(contents), shard.embeddings.shape[1]), np.nan, np.float32)
            targets, sources = _matches(rows, shard.contents)
            embeddings[targets] = shard.embeddings[sources]
            found[targets] = True
        return embeddings, found

    def _shards(self, key: EmbeddingKey) -> Iterator[Shard]:
        folder = self.folder / key.digest
        files = shard_files(folder)
        if files:
            touch(folder / _KEY)
        for path in files:
            shard = read_shard(path)
            if shard is not None:
                yield shard

    @contextmanager
    def writing(self, key: EmbeddingKey, about: Mapping[str, Json]) -> Iterator[Callable[[Shard], None]]:
        """Hold the lock of a key and give a function that writes shards; a second process waits here.

        Parameters
        ----------
        key : EmbeddingKey
            What the embeddings depend on.
        about : mapping
            More about it for the people who read ``key.json``.

        Raises
        ------
        StorageError
            If the cache cannot be written.
        """
        folder = self.folder / key.digest
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with holding(self.folder, key.digest, "computes the same embeddings"):
            with storage_errors(folder):
                folder.mkdir(exist_ok=True)  # it may have been pruned while this process waited
                for left_over in folder.glob(".writing-*"):  # of a killed process: the lock is ours
                    left_over.unlink(missing_ok=True)
            if not (folder / _KEY).is_file():
                write_json(folder / _KEY, {**key.to_json(), **about})
            yield lambda shard: _write(folder, shard)

    def list(self) -> tuple[CacheEntry, ...]:
        """Return what the cache holds, least recently used first."""
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        entries = (
            _entry(folder) for folder in folders if folder.is_dir() and not folder.name.startswith(".")
        )
        return tuple(sorted(entries, key=lambda entry: (entry.last_used, entry.digest)))

    def prune(
        self, *, older_than_days: float | None = None, digest: str | None = None, everything: bool = False
    ) -> tuple[CacheEntry, ...]:
        """Delete entries: those unused for some days, one key (its digest or how it begins), or all.

        Entries that another process is computing are left and said.

        Returns
        -------
        tuple of CacheEntry
            What was deleted.

        Raises
        ------
        ConfigError
            If not exactly one of the three is given, or no single entry begins with `digest`.
        StorageError
            If the cache cannot be written.
        """
        return let_go(
            self.list(),
            self.folder,
            lambda entry: shutil.rmtree(self.folder / entry.digest),
            older_than_days=older_than_days,
            digest=digest,
            everything=everything,
        )


def _matches(rows: Mapping[str, Sequence[int]], contents: Sequence[str]) -> tuple[list[int], list[int]]:
    targets: list[int] = []
    sources: list[int] = []
    for source, content in enumerate(contents):
        wanted = rows.get(content, ())
        targets.extend(wanted)
        sources.extend([source] * len(wanted))
    return targets, sources


def _write(folder: Path, shard: Shard) -> None:
    write_shard(folder, shard)


def _entry(folder: Path) -> CacheEntry:
    key_file = folder / _KEY
    try:
        key = read_json(key_file)
    except (IntegrityError, OSError):
        key = {}
    sizes = [path.stat().st_size for path in folder.iterdir()]
    stamp = (key_file if key_file.exists() else folder).stat().st_mtime
    images = sum(count_rows(path) for path in shard_files(folder))
    return CacheEntry(folder.name, key if isinstance(key, dict) else {}, images, sum(sizes), stamp)
