"""Arithmetic whose result for one row depends on that row alone, to the last bit.

BLAS chooses its kernel, and with it the order of the additions, by the shape of the product: the same row
gives other last bits alone than in a batch, with other threads and on another processor. Here every
product is exact instead, so that no order matters: both factors are rounded to integers so short that the
sum of their products fits into the 53 bits of a float64 (`PRECISION_BITS`), and BLAS multiplies those.

For 3,840 columns that leaves 20 and 21 bits to the factors, relative to the greatest value of a row and of
a column of the matrix; for 256 columns 22 and 23. Float32 has 24.
"""

import math

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray

PRECISION_BITS = 53
_ROWS_AT_ONCE = 1024

Numbers = npt.NDArray[np.float32] | npt.NDArray[np.float64]


def rowwise_product(rows: Numbers, matrix: Numbers) -> FloatArray:
    """Return ``rows @ matrix`` in float64, each row as if it were alone.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_inner)
        Finite.
    matrix : ndarray of shape (n_inner, n_outer)
        Finite. A column's result does not depend on the other columns either.

    Returns
    -------
    ndarray of shape (n_rows, n_outer), float64
        Off by about 2**-20 of (greatest value of the row) x (greatest of the column) at most; see the
        module's docstring.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(7, 300))
    >>> matrix = np.random.default_rng(1).normal(size=(300, 5))
    >>> together = rowwise_product(rows, matrix)
    >>> bool((rowwise_product(rows[3:4], matrix) == together[3:4]).all())
    True
    >>> bool(np.abs(together - rows @ matrix).max() < 1e-4)
    True
    """
    bits = PRECISION_BITS - math.ceil(math.log2(max(rows.shape[1], 1)))
    factor, factor_exponents = _shorten(matrix, bits - bits // 2, axis=0)
    product = np.empty((rows.shape[0], matrix.shape[1]))
    for start in range(0, rows.shape[0], _ROWS_AT_ONCE):
        part, exponents = _shorten(rows[start : start + _ROWS_AT_ONCE], bits // 2, axis=1)
        product[start : start + _ROWS_AT_ONCE] = np.ldexp(part @ factor, exponents + factor_exponents)
    return product


def rowwise_softmax(scores: FloatArray) -> FloatArray:
    """Return probabilities from scores of shape (n_rows, n_classes); see `normalise_rows`.

    Examples
    --------
    >>> rowwise_softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return normalise_rows(np.ascontiguousarray(powers))


def normalise_rows(values: FloatArray) -> FloatArray:
    """Divide each row of shape (n_rows, n_classes) by its sum, added from left to right."""
    shares: FloatArray = values / _row_sums(values)
    return shares


def rowwise_mean(values: FloatArray) -> FloatArray:
    """Return the mean over the last axis, added from left to right, shape (..., 1).

    Examples
    --------
    >>> rowwise_mean(np.array([[1.0, 3.0], [0.0, 1.0]]))
    array([[2. ],
           [0.5]])
    """
    means: FloatArray = _row_sums(values) / values.shape[-1]
    return means


def _row_sums(values: FloatArray) -> FloatArray:
    total: FloatArray = np.zeros(values.shape[:-1])
    for column in np.moveaxis(values, -1, 0):
        total = total + column
    return total[..., None]


def _shorten(values: Numbers, bits: int, axis: int) -> tuple[FloatArray, npt.NDArray[np.int32]]:
    """Return integers below 2**bits, and the exponents that bring them back along `axis`."""
    wide = values.astype(np.float64)
    greatest = np.abs(wide).max(axis=axis, keepdims=True, initial=0.0)
    exponents = np.frexp(greatest)[1] - bits
    np.ldexp(wide, -exponents, out=wide)
    return np.rint(wide, out=wide), exponents
