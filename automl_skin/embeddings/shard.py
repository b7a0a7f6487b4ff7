"""A shard: up to 512 embeddings in one file that is named by its own digest.

The file is a safetensors file with ``contents``, uint8 of shape (n, 32): the digests of the images' bytes,
and ``embeddings``, float32 of shape (n, n_dimensions).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from automl_skin.arrays import Float32Array
from automl_skin.digests import digest_bytes
from automl_skin.files import atomic_write
from automl_skin.store.entries import set_aside

MAX_ROWS = 512
SUFFIX = ".safetensors"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shard:
    """Embeddings (n, n_dimensions) and the digests of the n images they belong to."""

    contents: tuple[str, ...]
    embeddings: Float32Array


def join(shards: Sequence[Shard]) -> list[Shard]:
    """Join shards and cut them into pieces of `MAX_ROWS`, the last one shorter; none if there is no row."""
    contents = tuple(content for shard in shards for content in shard.contents)
    if not contents:
        return []
    embeddings = np.concatenate([shard.embeddings for shard in shards if shard.contents])
    return [
        Shard(contents[start : start + MAX_ROWS], embeddings[start : start + MAX_ROWS])
        for start in range(0, len(contents), MAX_ROWS)
    ]


def shard_files(folder: Path) -> list[Path]:
    """Return the shards of a folder, in the order of their names."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))


def write_shard(folder: Path, shard: Shard) -> Path:
    """Write a shard whole or not at all, named by its digest.

    Raises
    ------
    StorageError
        If the folder cannot be written or the disk is full.
    """
    contents = np.frombuffer(bytes.fromhex("".join(shard.contents)), np.uint8).reshape(-1, 32)
    embeddings = np.ascontiguousarray(shard.embeddings, dtype=np.float32)
    data = save({"contents": contents, "embeddings": embeddings})
    path = folder / f"{digest_bytes(data)}{SUFFIX}"
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)
    return path


def read_shard(path: Path) -> Shard | None:
    """Read a shard and compare it with its digest.

    Returns
    -------
    Shard or None
        None if the file is gone, or is not what its name says: it is then set aside and said.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # pruned, or set aside by another process
        return None
    if digest_bytes(data) != path.stem:
        _LOG.warning("%s is damaged; it is set aside and its embeddings are computed again", path)
        set_aside(path)
        return None
    arrays = load(data)
    contents = arrays["contents"].tobytes().hex()
    return Shard(
        tuple(contents[i : i + 64] for i in range(0, len(contents), 64)),
        arrays["embeddings"].astype(np.float32, copy=False),
    )


def count_rows(path: Path) -> int:
    """Return the number of embeddings of a shard by its header; 0 if that is unreadable."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, 1 << 16)))
        return int(header["embeddings"]["shape"][0])
    except (OSError, ValueError, LookupError, TypeError, SafetensorError):
        return 0
