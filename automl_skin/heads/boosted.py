"""Boosted trees as plain arrays, checked before LightGBM or XGBoost is given them.

Both libraries trust their own model files: a node that points outside its tree reads foreign memory, one that points
back never ends, and a chain of a million nodes overflows the stack. So a head keeps arrays, which are checked here,
and the library's own format is written from them in memory.

Symbols
-------
n_nodes : nodes of all trees, one tree after the other, leaves included
n_trees : trees; with several classes one after the other for each class, round by round
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.stored import read_arrays, write_arrays

Positions = npt.NDArray[np.int32]

LEAF = -1
"""Both children of a leaf."""

MAX_DEPTH = 128
"""The libraries go down some of their trees by recursion; ours have at most 31 leaves."""

MAX_NUMBER = 1e300
"""Of thresholds and leaves, so that sums stay finite; LightGBM's own bound of a threshold is kept apart."""


@dataclass(frozen=True)
class BoostedTrees:
    """All nodes of boosted trees.

    Parameters
    ----------
    sizes : ndarray of shape (n_trees,), int32
        Nodes of each tree.
    children : ndarray of shape (n_nodes, 2), int32
        The left and the right child, counted from the root of their tree; both `LEAF` for a leaf.
    column : ndarray of shape (n_nodes,), int32
        Column of the design that the node asks for; 0 for a leaf.
    value : ndarray of shape (n_nodes,), float64
        Threshold of a node, what a leaf adds to the score.
    decision : ndarray of shape (n_nodes,), uint8
        How the library treats missing values there, in its own code.
    gain, cover : ndarray of shape (n_nodes,), float64
        What the split gained, and the rows (LightGBM) or their weight (XGBoost) in the node, in training.
    offset : ndarray of shape (n_scores,), float64
        What every case's scores begin with.
    version : ndarray of shape (3,), int32
        Of the library.
    """

    sizes: Positions
    children: Positions
    column: Positions
    value: FloatArray
    decision: npt.NDArray[np.uint8]
    gain: FloatArray
    cover: FloatArray
    offset: FloatArray
    version: Positions

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """The first node of each tree, shape (n_trees,)."""
        return np.cumsum(self.sizes, dtype=np.int64) - self.sizes

    def save(self, path: Path) -> None:
        """Write the arrays."""
        write_arrays(path, vars(self))


def load_trees(path: Path, n_columns: int, n_scores: int, max_decision: int) -> BoostedTrees:
    """Load what `BoostedTrees.save` wrote.

    Parameters
    ----------
    path : Path
    n_columns : int
        Columns of the design.
    n_scores : int
        Trees per round.
    max_decision : int
        The library's highest code for missing values.

    Raises
    ------
    IntegrityError
        If the arrays are not whole, or not those of such trees.
    """
    try:
        trees = BoostedTrees(**read_arrays(path))
    except TypeError as error:
        message = f"{path}: expected the arrays of boosted trees ({error}); restore it or export again"
        raise IntegrityError(message) from error
    problem = _find_problem(trees, n_columns, n_scores, max_decision)
    if problem:
        message = f"{path}: expected boosted trees whose {problem}; restore it or export again"
        raise IntegrityError(message)
    return trees


def _find_problem(trees: BoostedTrees, n_columns: int, n_scores: int, max_decision: int) -> str:
    """Return what does not hold; empty where all is well."""
    if not _have_shapes(trees, n_scores):
        return "arrays have the types and shapes of their nodes"
    if not _point_forward(trees):
        return "nodes point forward, each to two of its own tree that no other points to"
    is_leaf = (trees.children == LEAF).all(axis=1)
    if trees.column.min() < 0 or trees.column[~is_leaf].max(initial=0) >= n_columns:
        return f"columns are 0 to {n_columns - 1}"
    bound = np.where(is_leaf, MAX_NUMBER, np.inf)
    numbers = (trees.value, trees.gain, trees.cover, trees.offset)
    if not all(np.isfinite(each).all() for each in numbers) or (np.abs(trees.value) > bound).any():
        return "numbers are finite"
    if (trees.cover < 0).any() or trees.decision.max() > max_decision or trees.version.min() < 0:
        return "counts are not negative and codes are known"
    return ""


def _have_shapes(trees: BoostedTrees, n_scores: int) -> bool:
    n_nodes = len(trees.column) if trees.column.ndim == 1 else 0
    shapes = {
        "children": ((n_nodes, 2), np.int32),
        "column": ((n_nodes,), np.int32),
        "value": ((n_nodes,), np.float64),
        "decision": ((n_nodes,), np.uint8),
        "gain": ((n_nodes,), np.float64),
        "cover": ((n_nodes,), np.float64),
        "offset": ((n_scores,), np.float64),
        "version": ((3,), np.int32),
    }
    arrays = vars(trees)
    if n_nodes == 0 or any((arrays[name].shape, arrays[name].dtype) != facts for name, facts in shapes.items()):
        return False
    sizes = trees.sizes
    if sizes.ndim != 1 or sizes.dtype != np.int32 or len(sizes) == 0 or len(sizes) % n_scores:
        return False
    return bool(sizes.min() >= 1 and sizes.sum(dtype=np.int64) == n_nodes)


def _point_forward(trees: BoostedTrees) -> bool:
    """Return whether the nodes are trees: no cycle, no node of two parents, none unreached, none too deep."""
    n_nodes = len(trees.children)
    starts = np.repeat(trees.starts, trees.sizes)
    itself = np.arange(n_nodes) - starts
    is_leaf = (trees.children == LEAF).all(axis=1)
    inner = trees.children[~is_leaf].astype(np.int64)
    size = np.repeat(trees.sizes, trees.sizes)[~is_leaf]
    if (inner <= itself[~is_leaf][:, None]).any() or (inner >= size[:, None]).any():
        return False
    absolute = inner + starts[~is_leaf][:, None]
    if (np.bincount(absolute.ravel(), minlength=n_nodes) != (itself > 0)).any():
        return False
    pointing = np.zeros((n_nodes, 2), np.int64)
    pointing[~is_leaf] = absolute
    level = trees.starts
    for _ in range(MAX_DEPTH):
        level = pointing[level[~is_leaf[level]]].ravel()
        if len(level) == 0:
            return True
    return False
