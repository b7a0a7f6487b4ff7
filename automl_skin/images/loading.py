"""Photographs of a folder as batches of pixels, in order, decoded ahead by threads.

PIL and OpenCV release the interpreter lock while they decode and resize, so threads are enough. A damaged image
is reported with its batch and never stops it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from automl_skin.arrays import IntArray, Pixels
from automl_skin.errors import ImageError
from automl_skin.images.decode import read_header
from automl_skin.images.folder import ImageFolder
from automl_skin.images.recipe import Recipe, apply
from automl_skin.workers.map_in_order import map_in_order
from automl_skin.workers.processes import available_processors

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

Change = Callable[[int, Pixels], Pixels]
"""Called with the position of a path and its decoded pixels; returns other pixels, before the recipe."""


@dataclass(frozen=True)
class Batch:
    """Some photographs, ready for a network.

    Parameters
    ----------
    positions : ndarray of shape (n,)
        Which of the given paths, from 0, ascending; damaged ones are left out.
    pixels : ndarray of shape (n, height, width, 3)
        RGB, uint8.
    failures : dict of int to str
        Position -> why that image could not be read.
    """

    positions: IntArray
    pixels: Pixels
    failures: dict[int, str]


def load_batches(
    root: Path,
    paths: Sequence[str],
    recipe: Recipe,
    batch_size: int,
    threads: int | None = None,
    change: Change | None = None,
) -> Iterator[Batch]:
    """Load photographs in the given order.

    Every path is in exactly one batch, as a row or as a failure. At most two batches are decoded ahead. The
    pixels of an image depend on the image and the recipe alone, not on its batch or thread.

    Parameters
    ----------
    root : Path
        The image folder.
    paths : sequence of str
        Relative to `root`.
    recipe : Recipe
        Size, fit and colour.
    batch_size : int
        Paths per batch; the last one may be smaller.
    threads : int, optional
        One per processor by default.
    change : callable, optional
        What happens to the pixels between decoding and the recipe, called by the threads.
    """
    threads = threads or available_processors()
    ahead = max(2 * batch_size, 2 * threads)
    folder = ImageFolder(root)

    def load(item: tuple[int, str]) -> Pixels | str:
        position, path = item
        try:
            with read_header(folder.read(path), name=path).decoded(recipe.minimum_side) as pixels:
                return apply(recipe, pixels if change is None else change(position, pixels))
        except ImageError as error:
            return str(error)

    with closing(map_in_order(load, enumerate(paths), threads, ahead)) as loaded:
        for start in range(0, len(paths), batch_size):
            yield _batch(start, list(islice(loaded, batch_size)), recipe)


def _batch(start: int, loaded: list[Pixels | str], recipe: Recipe) -> Batch:
    rows = {start + i: item for i, item in enumerate(loaded) if not isinstance(item, str)}
    failures = {start + i: item for i, item in enumerate(loaded) if isinstance(item, str)}
    pixels = np.empty((len(rows), recipe.height, recipe.width, 3), np.uint8)
    for row, image in enumerate(rows.values()):
        pixels[row] = image
    return Batch(np.fromiter(rows, np.int64, len(rows)), pixels, failures)


def prepare(content: bytes, recipe: Recipe, *, name: str) -> Pixels:
    """Turn the bytes of an image file into pixels of the recipe's size; raises `ImageError` like `decode`."""
    with read_header(content, name=name).decoded(recipe.minimum_side) as pixels:
        return apply(recipe, pixels)
