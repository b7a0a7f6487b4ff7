"""The images of one extraction: what names their embeddings, and where their pixels come from.

Pixels are decoded from files, shifted or not, or found decoded already.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from automl_skin.arrays import Float32Array, IntArray, Pixels
from automl_skin.digests import digest_array, digest_json
from automl_skin.errors import InputError
from automl_skin.images.loading import Batch, load_batches
from automl_skin.images.pixels import PixelCache
from automl_skin.images.recipe import Recipe, centre
from automl_skin.images.shifts import shift


@dataclass(frozen=True)
class NamedImages:
    """Images that are asked for, by name.

    Parameters
    ----------
    names : list of str
        One per image: the digest of its bytes, or with metadata that of its bytes and its row; empty for one that
        could not be read.
    contents : mapping of str to str
        Digest of the bytes by name, where it is another.
    rows : mapping of str to ndarray of shape (n_metadata,), or None
        By name.
    """

    names: list[str]
    contents: Mapping[str, str]
    rows: Mapping[str, Float32Array] | None

    def content_of(self, name: str) -> str:
        """Return the digest of the bytes of an image."""
        return self.contents.get(name, name)

    def metadata_of(self, names: Sequence[str]) -> Float32Array | None:
        """Return the rows of some images, shape (n_names, n_metadata); None where there are none."""
        if self.rows is None:
            return None
        return np.stack([self.rows[name] for name in names]) if names else np.empty((0, 0), np.float32)


def named_images(images: pd.DataFrame, metadata: Float32Array | None) -> NamedImages:
    """Name images: by the photograph, and where metadata enter the network also by their row.

    Parameters
    ----------
    images : DataFrame of n_images rows
        Column ``content``, the digest of the bytes; empty or missing where an image could not be read.
    metadata : ndarray of shape (n_images, n_metadata), optional

    Raises
    ------
    InputError
        If there is not one row of metadata per image.
    """
    contents = ["" if pd.isna(content) else str(content) for content in images["content"]]
    if metadata is None:
        return NamedImages(contents, {}, None)
    if metadata.ndim != 2 or len(metadata) != len(contents):
        message = f"expected one row of metadata per image, got the shape {metadata.shape}"
        raise InputError(f"{message} for {len(contents)} images; encode the metadata of each image's case")
    rows = metadata.astype(np.float32)
    names = [
        digest_json([content, digest_array(row)]) if content else ""
        for content, row in zip(contents, rows, strict=True)
    ]
    return NamedImages(names, dict(zip(names, contents, strict=True)), dict(zip(names, rows, strict=True)))


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
