"""Some rows of a file of pixels: described to another process and mapped there, never copied whole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from automl_skin.arrays import IntArray, Pixels


@dataclass(frozen=True, eq=False)
class PixelRows:
    """Rows of a file of pixels.

    Parameters
    ----------
    offset : int
        Where the pixels begin in the file, bytes.
    shape : tuple of int
        (n, height, width, 3) of all its pixels, uint8.
    rows : ndarray of shape (n_rows,) or (n_rows, n_roles)
        Which of them, in this order; -1 for none, whose pixels are 0.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    rows: IntArray

    @classmethod
    def of(cls, pixels: Pixels, rows: IntArray) -> "PixelRows":
        """Return the description of rows of mapped pixels; raises `TypeError` if they are not mapped."""
        if not isinstance(pixels, np.memmap) or pixels.filename is None:
            raise TypeError("expected pixels mapped from a file, got an array in memory")
        return cls(Path(pixels.filename), int(pixels.offset), pixels.shape, rows)

    def open(self, seen: Callable[[int], None] | None = None) -> Pixels:
        """Return an array-like (n_rows, [n_roles,] height, width, 3) whose pixels are read when it is indexed.

        `seen` is called with the number of rows of each read.
        """
        mapped = np.memmap(self.path, np.uint8, "r", self.offset, self.shape)
        return cast("Pixels", _MappedRows(mapped, self.rows, seen))


class _MappedRows:
    """See `PixelRows.open`."""

    dtype = np.dtype(np.uint8)

    def __init__(self, mapped: Pixels, rows: IntArray, seen: Callable[[int], None] | None) -> None:
        self.mapped = mapped
        self.rows = rows
        self.seen = seen
        self.shape = (*rows.shape, *mapped.shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: IntArray | slice) -> Pixels:
        rows = self.rows[positions]
        if self.seen is not None:
            self.seen(len(np.atleast_1d(rows)))
        pixels = np.asarray(self.mapped[rows])
        if (rows < 0).any():
            pixels[rows < 0] = 0
        return pixels
