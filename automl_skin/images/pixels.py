"""Pixels at a recipe's size, decoded once for all networks and epochs of a study, and mapped from disk.

An entry is of a recipe and a list of contents. Besides ``key.json`` (recipe, number of images) it has ``contents.txt``,
the digests of the images' bytes, one per line, and the files of ``pixel_file.py``. Recipes that differ in mean and std
alone share their pixels, since normalisation comes later.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, IntArray, Pixels
from automl_skin.digests import Json, digest_json
from automl_skin.errors import IntegrityError, StorageError
from automl_skin.files import read_json, storage_errors, write_json, write_text
from automl_skin.images.loading import Batch, Progress, load_batches
from automl_skin.images.pixel_file import PixelFile
from automl_skin.images.recipe import Recipe
from automl_skin.records import to_plain
from automl_skin.store.entries import KEY, EntryStore, mark_used, to_gigabytes

DEFAULT_LIMIT_BYTES = 20 * 10**9  # HAM10000 at 224 x 224 are 1.5
_CONTENTS = "contents.txt"
_UNREAD = "the image could not be read when the folder was inspected"


@dataclass(frozen=True)
class _Wanted:
    """Which images, and as what."""

    root: Path
    paths: list[str]
    contents: list[str]
    recipe: Recipe

    @property
    def digest(self) -> str:
        return digest_json({"recipe": _shown(self.recipe), "contents": self.contents})

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.paths), self.recipe.height, self.recipe.width, 3)


@dataclass(frozen=True)
class PixelCache(EntryStore):
    """Memory-mapped pixels by recipe and contents.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    limit_bytes : int
        What all pixels together may take on the disk. The least recently used entries are evicted.
    """

    limit_bytes: int = DEFAULT_LIMIT_BYTES

    def open(
        self,
        root: Path,
        images: pd.DataFrame,
        recipe: Recipe,
        progress: Progress | None = None,
        threads: int | None = None,
    ) -> tuple[Pixels, BoolArray]:
        """Return the pixels of images, decoding only what no earlier call has decoded.

        The file is verified against its checksums. A killed run resumes after its last whole block, and a damaged file
        is written again. Images that could not be read are tried again.

        Parameters
        ----------
        root : Path
            The image folder.
        images : DataFrame
            Columns ``path`` (relative to `root`) and ``content`` (digest of the file's bytes; empty or missing
            where the file could not be read).
        progress : callable, optional
            Called with (done, total) images.
        threads : int, optional
            For decoding; one per processor by default.

        Returns
        -------
        pixels : ndarray of shape (n_images, height, width, 3)
            RGB, uint8, a read-only memory map (its ``filename`` can be mapped by other processes) in the order of
            `images`; black where not readable.
        readable : ndarray of bool of shape (n_images,)

        Raises
        ------
        StorageError
            If these pixels alone exceed the limit or the free space, or the folder cannot be written.
        """
        contents = ["" if pd.isna(content) else str(content) for content in images["content"]]
        wanted = _Wanted(root, images["path"].astype(str).tolist(), contents, recipe)
        file = PixelFile(self.folder / wanted.digest, wanted.shape)
        failures = _lasting_failures(file, wanted)
        if failures is None:
            failures = self._write(file, wanted, progress, threads)
        mark_used(file.folder)
        readable = np.ones(len(images), np.bool_)
        readable[list(failures)] = False
        return file.map(), readable

    def find(self, contents: Sequence[str], recipe: Recipe) -> tuple[Pixels, IntArray] | None:
        """Look for images among the pixels of a recipe, whatever list of images they were decoded for.

        Parameters
        ----------
        contents : sequence of str
            Digests of the images' bytes.

        Returns
        -------
        pixels : ndarray of shape (n_kept, height, width, 3)
            The memory map that has most of the images.
        rows : ndarray of shape (n_contents,)
            Where each image is in `pixels`; -1 if it is not there, or could not be read.
        None if no map has any of them.
        """
        best: tuple[int, PixelFile, IntArray] | None = None
        for file, kept in self._kept(_shown(recipe), recipe):
            place = {content: row for row, content in enumerate(kept) if content}
            rows = np.array([place.get(content, -1) for content in contents], np.int64)
            n_found = int((rows >= 0).sum())
            if n_found > (best[0] if best else 0):
                best = (n_found, file, rows)
        failures = _failures(best[1]) if best else None
        if best is None or failures is None:
            return None
        mark_used(best[1].folder)
        return best[1].map(), np.where(np.isin(best[2], list(failures)), -1, best[2])

    def _kept(self, shown: str, recipe: Recipe) -> Iterator[tuple[PixelFile, list[str]]]:
        """Yield the full-size files of a recipe, each with its images' contents."""
        for folder in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            try:
                about = read_json(folder / KEY)
                contents = (folder / _CONTENTS).read_text(encoding="utf-8").split("\n")[:-1]
            except (OSError, IntegrityError):  # a lock, or deleted meanwhile
                continue
            file = PixelFile(folder, (len(contents), recipe.height, recipe.width, 3))
            if isinstance(about, dict) and about.get("pixels") == shown and file.is_full_size:
                yield file, contents

    def _write(
        self, file: PixelFile, wanted: _Wanted, progress: Progress | None, threads: int | None
    ) -> dict[int, str]:
        """Write what is missing, holding the lock; return why some images have no pixels."""
        with storage_errors(self.folder), self.hold(wanted.digest, "decodes the same photographs"):
            failures = _lasting_failures(file, wanted)  # another process may have written them meanwhile
            if failures is None:
                self._make_room(file, wanted.digest)
                _begin(file, wanted)
                failures = _resume(file, wanted, progress, threads)
        return failures

    def _make_room(self, file: PixelFile, digest: str) -> None:
        if file.total_bytes > self.limit_bytes:
            n_images, height, width, _ = file.shape
            message = (
                f"expected pixels that fit the cache's limit of {to_gigabytes(self.limit_bytes)}, got "
                f"{to_gigabytes(file.total_bytes)} for {n_images:,} images of {height} x {width}"
            )
            raise StorageError(f"{message}; raise the limit or choose a smaller size")
        self.make_room(digest, file.total_bytes, self.limit_bytes)


def _failures(file: PixelFile) -> dict[int, str] | None:
    """Return why some images have no pixels, by row; None if the file is not whole."""
    blocks = file.whole_blocks() if file.is_full_size else []
    if not file.is_full_size or len(blocks) < file.n_blocks:
        return None
    return {row: reason for block in blocks for row, reason in block.failures.items()}


def _lasting_failures(file: PixelFile, wanted: _Wanted) -> dict[int, str] | None:
    """Return why some images have no pixels, by row; None if the file is not whole, or an image came back."""
    failures = _failures(file)
    if failures is None:
        return None
    tried = [wanted.paths[row] for row in failures if wanted.contents[row]]
    back = any(len(batch.positions) for batch in load_batches(wanted.root, tried, wanted.recipe, 1, 1))
    return None if back else failures


def _shown(recipe: Recipe) -> str:
    """Return what tells recipes apart that give different pixels before normalisation."""
    return replace(recipe, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)).digest


def _begin(file: PixelFile, wanted: _Wanted) -> None:
    """Keep what an interrupted process wrote; delete a damaged full file, which others may have mapped."""
    if file.is_full_size:
        shutil.rmtree(file.folder)
    file.folder.mkdir(exist_ok=True)
    write_text(file.folder / _CONTENTS, "".join(f"{content}\n" for content in wanted.contents))
    about: dict[str, Json] = {
        "images": file.shape[0],
        "recipe": to_plain(wanted.recipe),
        "pixels": _shown(wanted.recipe),
    }
    write_json(file.folder / KEY, about)
    file.keep(file.whole_blocks())


def _resume(
    file: PixelFile, wanted: _Wanted, progress: Progress | None, threads: int | None
) -> dict[int, str]:
    """Decode and append block after block; return why images of the whole file have no pixels."""
    blocks = file.whole_blocks()
    failures = {row: reason for block in blocks for row, reason in block.failures.items()}
    done, total = len(blocks) * file.block_rows, len(wanted.paths)
    if progress is not None:
        progress(done, total)
    for batch in load_batches(wanted.root, wanted.paths[done:], wanted.recipe, file.block_rows, threads):
        pixels, failed = _block(batch, done, wanted)
        file.append(pixels, failed)
        failures |= failed
        done += len(pixels)
        if progress is not None:
            progress(done, total)
    return failures


def _block(batch: Batch, start: int, wanted: _Wanted) -> tuple[Pixels, dict[int, str]]:
    """Return a batch's rows, black where there is no image, and the reasons by row of the file."""
    n_rows = len(batch.positions) + len(batch.failures)
    first = min([*batch.positions.tolist(), *batch.failures])
    failed = {start + position - first: reason for position, reason in batch.failures.items()}
    failed |= {row: _UNREAD for row in range(start, start + n_rows) if not wanted.contents[row]}
    pixels = np.zeros((n_rows, *wanted.shape[1:]), np.uint8)
    pixels[batch.positions - first] = batch.pixels
    pixels[[row - start for row in failed]] = 0
    return pixels, failed
