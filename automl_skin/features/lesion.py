"""From embeddings of images to one row per case.

How many images a case has is never a feature, and an absent image must not be one either: where a case lacks
a role its columns are zeros, `missing_roles` says so, and `automl_skin.chains.roles` puts something in their place.
"""

import numpy as np
import pandas as pd

from automl_skin.arrays import BoolArray, Float32Array, IntArray
from automl_skin.errors import InputError


def roles_of(images: pd.DataFrame) -> tuple[str, ...]:
    """Return the roles of a table of images, in alphabetical order."""
    return tuple(sorted(images["role"].astype(str).unique()))


def pool_images(
    embeddings: Float32Array,
    images: pd.DataFrame,
    cases: pd.Index,
    roles: tuple[str, ...] | None = None,
) -> Float32Array:
    """Average the images of a case within each role, and put the roles side by side.

    Parameters
    ----------
    embeddings : ndarray of shape (n_images, n_dimensions), float32
        In the order of `images`.
    images : DataFrame
        Columns ``case`` and ``role``; images of other cases are ignored.
    cases : Index
        The cases, in the order of the result.
    roles : tuple of str, optional
        Those seen in training; by default those in `images`. Images of other roles count for none.

    Returns
    -------
    ndarray of shape (n_cases, n_roles * n_dimensions), float32
        Zeros where a case has no image of a role.

    Raises
    ------
    InputError
        If there is not one embedding per image.
    """
    if len(embeddings) != len(images):
        message = f"expected one embedding per image, got {len(embeddings)} for {len(images)} images"
        raise InputError(message)
    rows, columns, roles = _places(images, cases, roles)
    if len(roles) == 1 and (columns == 0).all() and np.array_equal(np.sort(rows), np.arange(len(cases))):
        return embeddings[np.argsort(rows)]
    total = np.zeros((len(roles), len(cases), embeddings.shape[1]))
    for embedding, row, column in zip(embeddings, rows, columns, strict=True):
        if row >= 0 and column >= 0:
            total[column, row] += embedding
    counts = _counts(rows, columns, len(cases), len(roles)).T[:, :, None]
    pooled = total / np.maximum(counts, 1)
    return np.concatenate(list(pooled), axis=1).astype(np.float32)


def missing_roles(images: pd.DataFrame, cases: pd.Index, roles: tuple[str, ...] | None = None) -> BoolArray:
    """Return which roles each case lacks, shape (n_cases, n_roles)."""
    rows, columns, roles = _places(images, cases, roles)
    missing: BoolArray = _counts(rows, columns, len(cases), len(roles)) == 0
    return missing


def kinds_of(
    images: pd.DataFrame, cases: pd.Index, roles: tuple[str, ...]
) -> tuple[tuple[str, ...], BoolArray | None]:
    """Return roles and which of them each case has, as `CaseInputs` takes them: nothing where there is one role."""
    if len(roles) < 2:
        return (), None
    return roles, ~missing_roles(images, cases, roles)


def _places(
    images: pd.DataFrame, cases: pd.Index, roles: tuple[str, ...] | None
) -> tuple[IntArray, IntArray, tuple[str, ...]]:
    """Return row of the case and column of the role of each image, -1 where there is none."""
    roles = roles_of(images) if roles is None else roles
    rows = cases.get_indexer(pd.Index(images["case"]))
    columns = pd.Index(roles, dtype=object).get_indexer(pd.Index(images["role"].astype(str)))
    return rows.astype(np.int64), columns.astype(np.int64), roles


def _counts(rows: IntArray, columns: IntArray, n_cases: int, n_roles: int) -> IntArray:
    counts = np.zeros((n_cases, n_roles), dtype=np.int64)
    known = (rows >= 0) & (columns >= 0)
    np.add.at(counts, (rows[known], columns[known]), 1)
    return counts
