"""Embeddings on disk: written once, whole or absent, verified on read.

Besides ``key.json`` an entry has shards, ``<digest>.safetensors`` (see `shard`), and damaged ones that were set aside,
``<digest>.safetensors.damaged``. A shard is there whole or not at all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial

import numpy as np

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.digests import Json
from automl_skin.embeddings.key import EmbeddingKey
from automl_skin.embeddings.shard import Shard, count_rows, read_shard, shard_files, write_shard
from automl_skin.files import storage_errors, write_json
from automl_skin.store.entries import KEY, CacheEntry, EntryStore, mark_used


class EmbeddingCache(EntryStore):
    """Embeddings by key and image content."""

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
            mark_used(folder)
        for path in files:
            shard = read_shard(path)
            if shard is not None:
                yield shard

    @contextmanager
    def writing(self, key: EmbeddingKey, about: Mapping[str, Json]) -> Iterator[Callable[[Shard], object]]:
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
        with self.hold(key.digest, "computes the same embeddings"):
            with storage_errors(folder):
                folder.mkdir(exist_ok=True)
                for left_over in folder.glob(".writing-*"):  # of a killed process: the lock is ours
                    left_over.unlink(missing_ok=True)
            if not (folder / KEY).is_file():
                write_json(folder / KEY, {**asdict(key), **about})
            yield partial(write_shard, folder)


def _matches(rows: Mapping[str, Sequence[int]], contents: Sequence[str]) -> tuple[list[int], list[int]]:
    targets: list[int] = []
    sources: list[int] = []
    for source, content in enumerate(contents):
        wanted = rows.get(content, ())
        targets.extend(wanted)
        sources.extend([source] * len(wanted))
    return targets, sources


def count_embeddings(entry: CacheEntry) -> int:
    """Return how many embeddings an entry of an `EmbeddingCache` holds."""
    return sum(count_rows(path) for path in shard_files(entry.path))
