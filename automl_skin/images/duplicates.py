"""Which images of a folder are copies of each other, byte for byte or by what they show.

Exact copies have one content digest. Near-duplicates (saved again, resized, cropped, turned, flipped; or two
photographs of the same skin a moment apart) are looked for among the nearest neighbours of every fingerprint
and verified on pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from automl_skin.arrays import Float32Array, FloatArray, IntArray, Pixels
from automl_skin.errors import ImageError
from automl_skin.files import atomic_write
from automl_skin.images.alignment import ALIGNMENT_VERSION, THUMBNAIL_SIDE, similarity, thumbnail
from automl_skin.images.decode import decode
from automl_skin.images.folder import ImageFolder
from automl_skin.images.loading import Progress
from automl_skin.images.neighbours import describe, likely_orientations, nearest_pairs
from automl_skin.workers.map_in_order import map_in_order
from automl_skin.workers.processes import available_processors

# Looked at in HAM10000, 10,015 images: all 24 near pairs of different lesion ids from 0.6 up (the lowest has
# 0.61) are the same skin; below lie two more that are (0.57, 0.53), and pairs that are not, from 0.57 down.
# Of 240 planted copies more than 99 % lie above.
SAME_SKIN = 0.6
SAME_PHOTOGRAPH = 0.85
"""From here a near pair is one photograph saved twice, as 95 % of copies are that were saved as JPEG at 60, cropped to
80 % or flipped (of those brightened, turned by 5 degrees or saved at 30, fewer). Below it is a resemblance that may be
mistaken."""
N_NEIGHBOURS = 4
_LIKENESS = 0.6  # of fingerprints; 99 % of planted copies have 0.74, the same skin twice from 0.71
_N_ORIENTATIONS = 2
_SAVED_PAIRS = 10_000  # what a killed search loses at most
_BATCH = 32
PAIR = ["content_a", "content_b"]
_COLUMNS = {"content_a": "str", "content_b": "str", "similarity": "float64"}


@dataclass(frozen=True)
class _Pictures:
    """The different, undamaged contents of a table of images."""

    root: Path
    paths: list[str]
    contents: list[str]
    description: Float32Array
    labels: IntArray


def find_duplicates(
    root: Path,
    table: pd.DataFrame,
    fingerprints: Float32Array,
    cache_folder: Path,
    progress: Progress | None = None,
    *,
    threads: int | None = None,
    skip_within: Sequence[str | None] | None = None,
) -> pd.DataFrame:
    """Find the images that are copies of each other.

    Parameters
    ----------
    table : DataFrame of n_images rows
        ``path`` (relative to `root`), ``content`` (SHA-256 of the file's bytes), ``error`` if there is one;
        rows without content or with an error are left out. As from
        `automl_skin.images.inspect.inspect_images`.
    fingerprints : ndarray of shape (n_images, FINGERPRINT_LENGTH)
        In the order of `table`.
    cache_folder : Path
        Where similarities that were computed once are kept, by content.
    progress : callable, optional
        Called with (pairs verified, pairs to verify).
    threads : int, optional
        One per processor by default.
    skip_within : sequence of str or None, optional
        One label per image, such as its lesion. Near-duplicates within a label are known to be linked and are not
        looked for, which saves time and makes room for others. None and missing values are not labels.

    Returns
    -------
    DataFrame
        ``path_a``, ``path_b`` (in the table's order), ``kind`` ("exact" or "near"), ``similarity`` (1 if
        exact, else from `SAME_SKIN` to 1). Of several exact copies each is paired with the first, and only the
        first has near pairs, so that the connected components of the pairs are the sets of copies.

    Raises
    ------
    StorageError
        If `cache_folder` cannot be written.
    """
    threads = threads or available_processors()
    labels = _codes(skip_within, len(table))
    exact, rows = find_exact(table)
    chosen = table.iloc[rows]
    pictures = _Pictures(
        root, list(chosen["path"]), list(chosen["content"]), describe(fingerprints[rows]), labels[rows]
    )
    pairs = nearest_pairs(pictures.description, N_NEIGHBOURS, _LIKENESS, pictures.labels, threads)
    found = _similarities(pictures, pairs, cache_folder, progress, threads)
    near = _frame(table, rows[pairs[found >= SAME_SKIN]], "near", found[found >= SAME_SKIN])
    return pd.concat([exact, near], ignore_index=True)


def find_exact(table: pd.DataFrame) -> tuple[pd.DataFrame, IntArray]:
    """Return the exact copies as `find_duplicates` does, and the rows of the first image of each content."""
    whole = _whole(table)
    first = whole.groupby("content", sort=False)["row"].transform("first")
    pairs = np.stack([first, whole["row"]], axis=1)[(first != whole["row"]).to_numpy()]
    return _frame(table, pairs, "exact", 1.0), first.unique()


def _codes(labels: Sequence[str | None] | None, n_images: int) -> IntArray:
    """Return a number for every label, -1 for none."""
    if labels is None:
        return np.full(n_images, -1)
    codes, _ = pd.factorize(pd.Series(list(labels), dtype="object"))
    return codes.astype(np.int64)


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Return path, content and row number of the images that can be compared, each path once."""
    whole = table[["path", "content"]].assign(row=np.arange(len(table)))
    kept = whole["content"].fillna("") != ""
    if "error" in table:
        kept &= table["error"] == ""
    return whole[kept].drop_duplicates("path")


def _frame(table: pd.DataFrame, rows: IntArray, kind: str, similarity: float | FloatArray) -> pd.DataFrame:
    paths = table["path"].to_numpy()
    pairs = {"path_a": paths[rows[:, 0]], "path_b": paths[rows[:, 1]]}
    return pd.DataFrame(pairs, dtype="str").assign(kind=kind, similarity=similarity)


def _similarities(
    pictures: _Pictures, pairs: IntArray, cache_folder: Path, progress: Progress | None, threads: int
) -> FloatArray:
    """Return the similarity of every pair, computing those that are not known yet."""
    contents = np.array(pictures.contents, dtype=object)
    # Contents decide which of two is aligned to the other, so that the table's order does not matter.
    swapped = contents[pairs[:, 0]] > contents[pairs[:, 1]]
    ordered = np.where(swapped[:, None], pairs[:, ::-1], pairs)
    keys = pd.MultiIndex.from_arrays([contents[ordered[:, 0]], contents[ordered[:, 1]]], names=PAIR)
    known = read_verified(cache_folder).reindex(keys).to_numpy(np.float64, copy=True)
    missing = np.flatnonzero(np.isnan(known))
    verify = _Verifier(pictures, ordered[missing], threads)
    for start in range(0, len(missing), _SAVED_PAIRS):
        part = missing[start : start + _SAVED_PAIRS]
        known[part] = verify.similarities(ordered[part], start, len(missing), progress)
        write_verified(cache_folder, pd.Series(known[part], index=keys[part]).dropna())
    return np.asarray(known, np.float64)


class _Verifier:
    """Compares pairs of pictures by threads; decodes every picture that `pairs` needs, once."""

    def __init__(self, pictures: _Pictures, pairs: IntArray, threads: int) -> None:
        self._pictures = pictures
        self._folder = ImageFolder(pictures.root)
        self._threads = threads
        needed = np.unique(pairs)
        load = map_in_order(self._thumbnail, needed, threads, ahead=64 * threads)
        self._thumbnails = dict(zip(needed.tolist(), load, strict=True))

    def similarities(self, pairs: IntArray, before: int, total: int, progress: Progress | None) -> FloatArray:
        """Return the similarities of (n_pairs, 2) positions; `before` of `total` pairs are done."""
        batches = [pairs[i : i + _BATCH] for i in range(0, len(pairs), _BATCH)]
        found: list[float] = []
        for batch in map_in_order(self._compare, batches, self._threads, ahead=4 * self._threads):
            found.extend(batch)
            if progress is not None:
                progress(before + len(found), total)
        return np.array(found, np.float64)

    def _compare(self, pairs: IntArray) -> list[float]:
        return [self._similarity(int(a), int(b)) for a, b in pairs]

    def _similarity(self, a: int, b: int) -> float:
        fixed, moving = self._thumbnails[a], self._thumbnails[b]
        if fixed is None or moving is None:
            return np.nan
        described = self._pictures.description
        return similarity(fixed, moving, likely_orientations(described[a], described[b], _N_ORIENTATIONS))

    def _thumbnail(self, position: int) -> Pixels | None:
        path = self._pictures.paths[position]
        try:
            content = self._folder.read(path)
            return thumbnail(decode(content, name=path, minimum_side=THUMBNAIL_SIDE))
        except ImageError:  # vanished or was damaged since the inspection, which reports it the next time
            return None


def similarities_file(cache_folder: Path) -> Path:
    """Return the file of similarities. Their keys are contents, so that renaming a file changes nothing."""
    return cache_folder / "duplicates" / f"similarities-{ALIGNMENT_VERSION}.parquet"


def read_verified(cache_folder: Path) -> "pd.Series[float]":
    """Return the similarities that are known.

    Returns
    -------
    Series of float
        Similarities by (content_a, content_b), the smaller digest first; empty where there is no file, or a
        damaged one, since all of it can be computed again.
    """
    try:
        table = pd.read_parquet(similarities_file(cache_folder), columns=list(_COLUMNS))
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
    with atomic_write(similarities_file(cache_folder)) as temporary:
        known.rename("similarity").rename_axis(PAIR).reset_index().to_parquet(temporary, compression="zstd")
