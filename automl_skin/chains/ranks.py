"""Ranks as positions in a stored distribution, so that one case ranks as it would in a batch."""

import numpy as np

from automl_skin.arrays import FloatArray

DECIMALS = 9
"""Values that agree to so many are ties: the last bits of a probability depend on who else is in the batch."""


def rank_positions(values: FloatArray, reference: FloatArray) -> FloatArray:
    """Return the share of reference values below each value, ties counted half.

    Parameters
    ----------
    values : ndarray of shape (n_branches, n_cases, n_classes)
    reference : ndarray of shape (n_branches, n_reference, n_classes)
        Sorted along its second axis.

    Returns
    -------
    ndarray of shape (n_branches, n_cases, n_classes)
        In [1 / (2 n + 2), 1 - 1 / (2 n + 2)], never exactly 0 or 1.

    Examples
    --------
    >>> reference = np.array([0.1, 0.2, 0.3]).reshape(1, 3, 1)
    >>> rank_positions(np.array([0.2]).reshape(1, 1, 1), reference).item()
    0.5
    """
    values, reference = np.round(values, DECIMALS), np.round(reference, DECIMALS)
    positions = np.empty_like(values)
    n_reference = reference.shape[1]
    for branch in range(values.shape[0]):
        for label in range(values.shape[2]):
            column = np.ascontiguousarray(reference[branch, :, label])
            below = np.searchsorted(column, values[branch, :, label], side="left")
            up_to = np.searchsorted(column, values[branch, :, label], side="right")
            positions[branch, :, label] = ((below + up_to) / 2 + 0.5) / (n_reference + 1)
    return positions
