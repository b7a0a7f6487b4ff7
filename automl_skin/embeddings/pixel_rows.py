"""Some rows of a file of pixels: named to another process, mapped there, never copied whole."""

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
    path : Path
        The file.
    offset : int
        Where its pixels begin, bytes.
    shape : tuple of int
        (n, height, width, 3) of all its pixels, uint8.
    rows : ndarray of shape (n_rows,)
        Which of them, in this order.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    rows: IntArray

    @classmethod
    def of(cls, pixels: Pixels, rows: IntArray) -> "PixelRows":
        """Return the description of rows of mapped pixels; raises `TypeError` if they are not mapped."""
        if not isinstance(pixels, np.memmap) or pixels.filename is None:
            raise TypeError("rows are named to other processes by their file; these pixels have none")
        return cls(Path(pixels.filename), int(pixels.offset), pixels.shape, rows)

    def open(self, seen: Callable[[int], None] | None = None) -> Pixels:
        """Return the rows as an array whose pixels are read when they are asked for.

        Parameters
        ----------
        seen : callable, optional
            Told how many rows were asked for, each time.

        Returns
        -------
        array-like of shape (n_rows, height, width, 3)
            It has a shape and a length and is indexed by positions, as tuning needs it.
        """
        mapped = np.memmap(self.path, np.uint8, "r", self.offset, self.shape)
        return cast("Pixels", _MappedRows(mapped, self.rows, seen))


class _MappedRows:
    """See `PixelRows.open`."""

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, mapped: Pixels, rows: IntArray, seen: Callable[[int], None] | None) -> None:
        self.mapped = mapped
        self.rows = rows
        self.seen = seen
        self.shape = (len(rows), *mapped.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: IntArray | slice) -> Pixels:
        rows = self.rows[positions]
        if self.seen is not None:
            self.seen(np.size(rows))
        return np.asarray(self.mapped[rows])
