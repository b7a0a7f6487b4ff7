"""Embeddings on disk: written once, whole or absent, verified on read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_skin.arrays import BoolArray, Float32Array
from automl_skin.embeddings.key import EmbeddingKey


@dataclass(frozen=True)
class CacheEntry:
    """One key of the cache, as `EmbeddingCache.list` gives it."""

    digest: str
    name: str
    images: int
    size_bytes: int
    last_used: float


class EmbeddingCache:
    """Embeddings by key and image content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: EmbeddingKey, contents: Sequence[str]) -> tuple[Float32Array, BoolArray]:
        """Return embeddings (n, n_dimensions) in the order of `contents`, and which were found (n,)."""
        raise NotImplementedError

    def list(self) -> tuple[CacheEntry, ...]:
        """Return what the cache holds, least recently used first."""
        raise NotImplementedError

    def prune(
        self, *, older_than_days: float | None = None, digest: str | None = None, everything: bool = False
    ) -> tuple[CacheEntry, ...]:
        """Delete entries and return them."""
        raise NotImplementedError


def check_provenance(key: EmbeddingKey, plan_digest: str, fold: int) -> None:
    """Refuse (LeakageError) embeddings whose weights were tuned on the cases of `fold`."""
    raise NotImplementedError
