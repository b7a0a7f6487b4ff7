"""Similarities of pairs of images that were computed once, kept on disk as one Parquet file.

The key is the two contents, not their paths, so that it holds for every folder and for renamed files. The
version of the algorithm is part of the file's name.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from automl_skin.files import atomic_write
from automl_skin.images.alignment import ALIGNMENT_VERSION

PAIR = ["content_a", "content_b"]
_COLUMNS = {"content_a": "str", "content_b": "str", "similarity": "float64"}


def cache_file(cache_folder: Path) -> Path:
    """Return where the similarities are kept."""
    return cache_folder / "duplicates" / f"similarities-{ALIGNMENT_VERSION}.parquet"


def read_verified(cache_folder: Path) -> "pd.Series[float]":
    """Return what is known.

    Returns
    -------
    Series of float
        Similarities by (content_a, content_b), the smaller digest first; empty where there is no file, or a
        damaged one, since all of it can be computed again.
    """
    try:
        table = pd.read_parquet(cache_file(cache_folder), columns=list(_COLUMNS))
    except (OSError, ValueError, pa.ArrowException):
        table = pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in _COLUMNS.items()})
    return table.set_index(PAIR)["similarity"]


def write_verified(cache_folder: Path, new: "pd.Series[float]") -> None:
    """Add similarities to what is known, also to what another process has written meanwhile.

    Raises
    ------
    StorageError
        If `cache_folder` cannot be written.
    """
    known = pd.concat([read_verified(cache_folder), new])
    known = known[~known.index.duplicated(keep="last")]
    with atomic_write(cache_file(cache_folder)) as temporary:
        known.rename("similarity").rename_axis(PAIR).reset_index().to_parquet(temporary, compression="zstd")
