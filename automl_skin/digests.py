"""Digests: what something is, in 64 hexadecimal digits (SHA-256)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def digest_bytes(content: bytes) -> str:
    """Return the digest of some bytes."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """Return the digest of a file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_json(value: Json) -> str:
    """Return the digest of a JSON value, whatever the order of its keys.

    Examples
    --------
    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return digest_bytes(text.encode())


def digest_array(array: npt.NDArray[np.generic]) -> str:
    """Return the digest of an array's type, shape and values."""
    header = f"{array.dtype.str}{array.shape}".encode()
    return digest_bytes(header + np.ascontiguousarray(array).tobytes())
