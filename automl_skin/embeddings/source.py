"""Where the pixels of one extraction come from: decoded from files, shifted or not, or found decoded already."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from automl_skin.arrays import IntArray, Pixels
from automl_skin.images.loading import Batch, load_batches
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe, centre
from automl_skin.images.shifts import shift


@dataclass(frozen=True)
class ImageSource:
    """The photographs of a folder as a recipe makes them.

    Parameters
    ----------
    root : Path
        The image folder.
    recipe : Recipe
        Size, fit and colour.
    batch_size : int
        Images a batch.
    threads : int
        That decode.
    shift : str
        A name of `images.shifts.SHIFTS`, done before the recipe; empty for none.
    shift_seed : int
        Of the shift.
    pixels : PixelCache, optional
        Looked into first, unless there is a shift: it has the pixels after the recipe, before a
        centre is cut out.
    content_of : callable
        From what names an image here to the digest of its bytes; they are the same unless an image is asked for
        several times, with other metadata.
    """

    root: Path
    recipe: Recipe
    batch_size: int
    threads: int
    shift: str = ""
    shift_seed: int = 0
    pixels: PixelCache | None = None
    content_of: Callable[[str], str] = str

    def over(self, images: Mapping[str, str]) -> tuple[list[str], Iterator[Batch]]:
        """Load images.

        Parameters
        ----------
        images : mapping of str to str
            Name -> path.

        Returns
        -------
        names : list of str
            Those of `images`, in the order that the batches' positions count.
        batches : iterator of Batch
        """
        wanted = [self.content_of(name) for name in images]
        found = self.pixels.find(wanted, self.recipe.uncut) if self.pixels and not self.shift else None
        if found is None:
            return list(images), self._decoded(images)
        pixels, rows = found
        kept = [content for content, row in zip(images, rows, strict=True) if row >= 0]
        others = {each: path for (each, path), row in zip(images.items(), rows, strict=True) if row < 0}
        mapped = _mapped(pixels, rows[rows >= 0], self.batch_size, self.recipe)
        later = (_moved(batch, len(kept)) for batch in self._decoded(others))
        return [*kept, *others], chain(mapped, later)

    def _decoded(self, images: Mapping[str, str]) -> Iterator[Batch]:
        contents = [self.content_of(name) for name in images]

        def change(position: int, pixels: Pixels) -> Pixels:
            return shift(self.shift, pixels, self.shift_seed, contents[position])

        return load_batches(
            self.root,
            list(images.values()),
            self.recipe,
            self.batch_size,
            self.threads,
            change if self.shift else None,
        )


def _mapped(pixels: Pixels, rows: IntArray, batch_size: int, recipe: Recipe) -> Iterator[Batch]:
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        cut = centre(pixels[part], recipe.height, recipe.width)
        yield Batch(np.arange(start, start + len(part)), cut, {})


def _moved(batch: Batch, by: int) -> Batch:
    failures = {position + by: reason for position, reason in batch.failures.items()}
    return replace(batch, positions=batch.positions + by, failures=failures)
