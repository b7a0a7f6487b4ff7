"""One look at every image of a folder: is it there, is it whole, how large is it, and what does it look like.

One pass reads the bytes, digests them, decodes them (at the decoder's reduced size where that is enough, which still
finds damage since every byte is read), and shrinks them to a fingerprint. The findings are kept by (path, size,
modification time), so that an unchanged folder is not read a second time.
"""

import stat
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array
from automl_skin.digests import digest_bytes
from automl_skin.errors import ImageError
from automl_skin.images.decode import read_header
from automl_skin.images.fingerprint import FINGERPRINT_LENGTH, fingerprint
from automl_skin.images.folder import ImageFolder
from automl_skin.images.inspection_cache import TYPES, Known, cache_file, read_known, write_known
from automl_skin.images.loading import Progress
from automl_skin.workers.map_in_order import map_in_order
from automl_skin.workers.processes import available_processors

MISSING = "missing"
NO_VECTOR = "no vector"
"""How the error of a photograph begins whose embedding was to be given and is not in the file."""
INSPECTION_SIDE = 64  # smallest side of a reduced photograph: four pixels per cell of the fingerprint
COLUMNS = tuple(name for name in TYPES if name != "mtime_ns")
_SAVE_SECONDS = 60.0  # what a killed inspection loses at most


@dataclass(frozen=True)
class Inspection:
    """What is known about the images.

    Parameters
    ----------
    table : DataFrame
        One row per given path, in the given order: ``path``; ``size_bytes`` (0 where missing); ``content``, the
        SHA-256 of the file's bytes ("" where it could not be read); ``width`` and ``height`` of the upright
        image in pixels (0 where damaged); ``error``, "" for a whole image, "missing" for a missing one, else
        what is wrong; and the fields of `HeaderFacts`, which say how it was taken and stored.
    fingerprints : ndarray of shape (n_images, FINGERPRINT_LENGTH)
        float32, in the order of `table`; 0 where ``error`` is not empty.
    """

    table: pd.DataFrame
    fingerprints: Float32Array


@dataclass(frozen=True)
class _Row:
    path: str
    size_bytes: int = 0
    mtime_ns: int = -1  # of no file: what could not be read is tried again the next time
    content: str = ""
    width: int = 0
    height: int = 0
    error: str = ""
    container: str = ""
    camera: str = ""
    software: str = ""
    taken: str = ""
    quantisation: int = 0
    fingerprint: Float32Array | None = None


def inspect_images(
    root: Path,
    paths: Sequence[str],
    cache_folder: Path,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Inspection:
    """Inspect images of a folder, opening only those that are new or changed since the last time.

    Parameters
    ----------
    paths : sequence of str
        Relative to `root`; a path may be given several times.
    cache_folder : Path
        Where the findings are kept, one file per `root`.
    progress : callable, optional
        Called with (images done, images in all).
    threads : int, optional
        One per processor by default.

    Returns
    -------
    Inspection
        Damaged and missing images, and paths that leave the folder, are rows with an ``error``, never
        exceptions.

    Raises
    ------
    StorageError
        If `cache_folder` cannot be written.
    """
    folder = ImageFolder(root)
    listed = [_list(folder, path) for path in dict.fromkeys(paths)]
    file = cache_file(cache_folder, root)
    known = read_known(file)
    examination = _Examination(folder, file, progress, len(listed), threads or available_processors())
    known = examination.run(_unknown(known, [row for row in listed if not row.error]), known)
    found = known.updated(_known([row for row in listed if row.error])).take(list(paths))
    return Inspection(found.table[list(COLUMNS)], found.fingerprints)


def without_files(paths: Sequence[str], contents: Sequence[str]) -> Inspection:
    """Return what is known of photographs whose files are not given: their names, and digests that stand for them."""
    known = _known([_Row(path, content=content) for path, content in zip(paths, contents, strict=True)])
    return Inspection(known.table[list(COLUMNS)], known.fingerprints)


def _list(folder: ImageFolder, path: str) -> _Row:
    """Look a file up without opening it."""
    try:
        state = folder.state(path)
    except ImageError as error:
        return _Row(path, error=str(error))
    except (FileNotFoundError, NotADirectoryError):
        return _Row(path, error=MISSING)
    except OSError as error:
        return _Row(path, error=f"{path}: cannot be read ({error.strerror})")
    if not stat.S_ISREG(state.st_mode):
        return _Row(
            path, error=f"{path}: expected a file, got a folder, device or pipe; name the image itself"
        )
    return _Row(path, state.st_size, state.st_mtime_ns)


def _unknown(known: Known, listed: list[_Row]) -> list[_Row]:
    """Return the files that are new, or whose size or time has changed."""
    table = known.table
    states = dict(zip(table["path"], zip(table["size_bytes"], table["mtime_ns"], strict=True), strict=True))
    return [row for row in listed if states.get(row.path) != (row.size_bytes, row.mtime_ns)]


@dataclass(frozen=True)
class _Examination:
    """Opens files and keeps the findings; `total` includes files that need not be opened."""

    folder: ImageFolder
    file: Path
    progress: Progress | None
    total: int
    threads: int

    def run(self, rows: list[_Row], known: Known) -> Known:
        """Open the files of `rows` and add them to what is known, saving now and then."""
        new: list[_Row] = []
        saved, done = time.monotonic(), self.total - len(rows)
        for row in map_in_order(self._examine, rows, self.threads, ahead=64 * self.threads):
            new.append(row)
            done += 1
            if self.progress is not None:
                self.progress(done, self.total)
            if time.monotonic() - saved > _SAVE_SECONDS or done == self.total:
                known = known.updated(_known(new))
                write_known(self.file, known)
                saved, new = time.monotonic(), []
        return known

    def _examine(self, row: _Row) -> _Row:
        """Open one file; its state stays the one listed, so that a change meanwhile is seen next time."""
        try:
            content = self.folder.read(row.path)
        except ImageError as error:
            vanished = isinstance(error.__cause__, FileNotFoundError)
            return _Row(row.path, error=MISSING if vanished else str(error))
        known = replace(row, content=digest_bytes(content))
        try:
            photograph = read_header(content, name=row.path)
            facts = photograph.facts
            with photograph.decoded(INSPECTION_SIDE) as pixels:
                seen = fingerprint(pixels)
        except ImageError as error:
            return replace(known, error=str(error))
        known = replace(known, **asdict(facts))
        return replace(known, width=photograph.width, height=photograph.height, fingerprint=seen)


def _known(rows: list[_Row]) -> Known:
    columns = {name: [getattr(row, name) for row in rows] for name in TYPES}
    table = pd.DataFrame(columns).astype(TYPES)
    fingerprints = np.zeros((len(rows), FINGERPRINT_LENGTH), np.float32)
    for position, row in enumerate(rows):
        if row.fingerprint is not None:
            fingerprints[position] = row.fingerprint
    return Known(table, fingerprints)
