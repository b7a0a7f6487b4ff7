"""Oblivious trees as plain arrays: every level of a tree asks one question of all cases (CatBoost's trees).

They are checked when they are read, and evaluated here, so that a bundle is scored without CatBoost.

Symbols
-------
n_trees : trees
n_splits : questions of all trees, one tree after the other, the lowest bit of the leaf's position first
n_leaves : leaves of all trees, 2 ** depth of each
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.signature import Signature
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays

FILE_NAME = "trees.safetensors"
MAX_DEPTH = 16
"""CatBoost's own bound."""

MAX_LEAF = 1e30
"""Of what a leaf adds, so that sums stay finite."""

ROWS_AT_ONCE = 256
"""Cases that are evaluated together, which bounds the memory of their questions."""

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ObliviousTrees:
    """All trees of a model.

    Parameters
    ----------
    depths : ndarray of shape (n_trees,), int32
        Questions of each tree, 0 or more.
    column : ndarray of shape (n_splits,), int32
        Column of the design that is asked for.
    border : ndarray of shape (n_splits,), float32
        A case above it has the bit set.
    leaves : ndarray of shape (n_leaves, n_scores), float64
        What a leaf adds to the scores.
    weights : ndarray of shape (n_leaves,), float64
        Weight of the training cases in each leaf.
    offset : ndarray of shape (n_scores,), float64
        What every case's scores begin with.
    """

    depths: Positions
    column: Positions
    border: Float32Array
    leaves: FloatArray
    weights: FloatArray
    offset: FloatArray

    @property
    def first_splits(self) -> npt.NDArray[np.int64]:
        """The first question of each tree, and the end, shape (n_trees + 1,)."""
        return np.concatenate([[0], np.cumsum(self.depths, dtype=np.int64)])

    @property
    def first_leaves(self) -> npt.NDArray[np.int64]:
        """The first leaf of each tree, and the end, shape (n_trees + 1,)."""
        return np.concatenate([[0], np.cumsum(1 << self.depths.astype(np.int64))])

    def find_leaves(self, matrix: Float32Array) -> npt.NDArray[np.int64]:
        """Return which leaf of each tree every case is in, shape (n_cases, n_trees)."""
        splits = self.first_splits
        level = np.arange(len(self.column)) - np.repeat(splits[:-1], self.depths)
        bits = (matrix[:, self.column] > self.border) * (1 << level)
        total = np.zeros((len(matrix), len(self.column) + 1), np.int64)
        np.cumsum(bits, axis=1, out=total[:, 1:])
        found: npt.NDArray[np.int64] = self.first_leaves[:-1] + total[:, splits[1:]] - total[:, splits[:-1]]
        return found

    def scores(self, matrix: Float32Array) -> FloatArray:
        """Return the scores of cases, shape (n_cases, n_scores)."""
        result = np.tile(self.offset, (len(matrix), 1))
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            result[rows] += self.leaves[self.find_leaves(matrix[rows])].sum(axis=1)
        return result

    def save(self, path: Path) -> None:
        """Write the arrays."""
        write_arrays(path, vars(self))


def load_oblivious(folder: Path) -> tuple[Signature, ObliviousTrees]:
    """Load the trees of a head.

    Raises
    ------
    IntegrityError
        If the arrays are not whole, or not those of trees on the head's columns and classes.
    """
    signature, path = Signature.read(folder), folder / FILE_NAME
    arrays = read_arrays(path)
    n_trees, n_splits, n_leaves = (
        arrays[name].shape[0] if name in arrays and arrays[name].ndim else 0
        for name in ("depths", "column", "leaves")
    )
    facts: dict[str, Facts] = {
        "depths": (np.int32, (n_trees,)),
        "column": (np.int32, (n_splits,)),
        "border": (np.float32, (n_splits,)),
        "leaves": (np.float64, (n_leaves, signature.n_scores)),
        "weights": (np.float64, (n_leaves,)),
        "offset": (np.float64, (signature.n_scores,)),
    }
    check_arrays(path, arrays, facts)
    trees = ObliviousTrees(**arrays)
    for problem in _problems(trees, signature.n_columns):
        message = f"{path}: expected oblivious trees whose {problem}; restore it or export again"
        raise IntegrityError(message)
    return signature, trees


def _problems(trees: ObliviousTrees, n_columns: int) -> Iterator[str]:
    """Yield what does not hold; each check relies on those before it, so only the first counts."""
    if trees.depths.min(initial=0) < 0 or trees.depths.max(initial=0) > MAX_DEPTH:
        yield f"depths are 0 to {MAX_DEPTH}"
    if trees.first_splits[-1] != len(trees.column):
        yield f"depths sum to the {len(trees.column)} questions"
    if trees.first_leaves[-1] != len(trees.leaves):
        yield f"depths stand for the {len(trees.leaves)} leaves"
    if trees.column.min(initial=0) < 0 or trees.column.max(initial=0) >= n_columns:
        yield f"columns are 0 to {n_columns - 1}"
    if max(np.abs(trees.leaves).max(initial=0.0), np.abs(trees.offset).max()) > MAX_LEAF:
        yield f"leaves are at most {MAX_LEAF:g}"
    if trees.weights.min(initial=0.0) < 0.0 or trees.weights.max(initial=0.0) > MAX_LEAF:
        yield f"weights are 0 to {MAX_LEAF:g}"
