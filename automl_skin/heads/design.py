"""The design matrix: what a head is fitted and applied on, one row per case."""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import Float32Array
from automl_skin.errors import InputError


@dataclass(frozen=True)
class Design:
    """Columns from the image first, columns from the metadata after them.

    Parameters
    ----------
    matrix : ndarray of shape (n_cases, n_columns), float32
        All values finite.
    image_columns : int
        How many of the first columns come from the image; the rest come from the metadata.
    absent : ndarray of shape (n_columns - image_columns,), optional
        What stands for metadata that are all missing; their mean in training where it is not given.

    Raises
    ------
    InputError
        If the matrix is not two-dimensional, has no column or holds a value that is not finite.

    Examples
    --------
    >>> design = Design(np.zeros((3, 5), np.float32), image_columns=4)
    >>> design.n_cases, design.n_columns, design.metadata.shape
    (3, 5, (3, 1))
    """

    matrix: Float32Array
    image_columns: int
    absent: Float32Array | None = None

    def __post_init__(self) -> None:
        _check_shape(self.matrix, self.image_columns)
        _check_finite(self.matrix)

    @property
    def n_cases(self) -> int:
        """Number of rows."""
        return int(self.matrix.shape[0])

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.matrix.shape[1])

    @property
    def image(self) -> Float32Array:
        """The columns from the image, shape (n_cases, image_columns)."""
        return self.matrix[:, : self.image_columns]

    @property
    def metadata(self) -> Float32Array:
        """The columns from the metadata, shape (n_cases, n_columns - image_columns)."""
        return self.matrix[:, self.image_columns :]

    def check_columns(self, n_columns: int, image_columns: int) -> None:
        """Raise an `InputError` unless the columns are those that a head was fitted on."""
        if (self.n_columns, self.image_columns) == (n_columns, image_columns):
            return
        message = (
            f"the head was fitted on {n_columns} columns ({image_columns} of the image) and is given "
            f"{self.n_columns} ({self.image_columns} of the image); use the features it was fitted with"
        )
        raise InputError(message)


def _check_shape(matrix: Float32Array, image_columns: int) -> None:
    if matrix.ndim != 2 or matrix.shape[1] == 0:  # rows and columns
        message = f"a design matrix: expected rows and at least one column, got shape {matrix.shape}"
        raise InputError(message)
    if matrix.dtype != np.float32:
        message = f"a design matrix: expected float32, got {matrix.dtype}; convert it once where it is made"
        raise InputError(message)
    if not 0 <= image_columns <= matrix.shape[1]:
        message = f"image_columns: expected 0 to {matrix.shape[1]}, got {image_columns}"
        raise InputError(message)


def _check_finite(matrix: Float32Array) -> None:
    finite = np.isfinite(matrix)
    if finite.all():
        return
    rows, columns = np.nonzero(~finite)
    message = (
        f"a design matrix: expected finite values, got {len(rows)} that are NaN or infinite (first: "
        f"row {rows[0]}, column {columns[0]}); fill missing values with the metadata encoder before this"
    )
    raise InputError(message)
