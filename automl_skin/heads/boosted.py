"""Boosted trees as plain arrays, checked before LightGBM or XGBoost is given them.

Both libraries trust their own model files: a node that points outside its tree reads foreign memory, one that points
back never ends, and a chain of a million nodes overflows the stack. So a head keeps arrays, which are checked here,
and the library's own format is written from them in memory.

Symbols
-------
n_nodes : nodes of all trees, one tree after the other, leaves included
n_trees : trees; with several classes one after the other for each class, round by round
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.design import Design
from automl_skin.heads.signature import Signature, binary_columns
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays

FILE_NAME = "trees.safetensors"
Positions = npt.NDArray[np.int32]

LEAF = -1
"""Both children of a leaf."""

MAX_DEPTH = 128
"""The libraries go down some of their trees by recursion; ours have at most 31 leaves."""

MAX_LEAF = 1e30
"""Of what a leaf adds, so that sums stay finite in float32."""

MAX_COVER = 2**31 - 1
MAX_VERSION = 9999


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

    @property
    def spans(self) -> list[slice]:
        """The nodes of each tree."""
        return [slice(start, start + size) for start, size in zip(self.starts, self.sizes, strict=True)]

    def save(self, path: Path) -> None:
        """Write the arrays."""
        write_arrays(path, vars(self))


@dataclass(frozen=True)
class BoostedHead(ABC):
    """Fitted boosted trees, always as their library reads them back.

    Parameters
    ----------
    signature : Signature
    trees : BoostedTrees
    booster : object
        The library's model of the trees.
    """

    signature: Signature
    trees: BoostedTrees
    booster: Any

    @abstractmethod
    def ask(self, matrix: Float32Array) -> Any:
        """Return the library's probabilities: of the second class of two, or of each of several."""

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        answer = np.asarray(self.ask(design.matrix), dtype=np.float64)
        return self.signature.spread(binary_columns(answer) if answer.ndim == 1 else answer)

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and the trees."""
        self.signature.write(folder)
        self.trees.save(folder / FILE_NAME)


def load_trees(folder: Path, decisions: Collection[int]) -> tuple[Signature, BoostedTrees]:
    """Load what `BoostedHead.save` wrote.

    Parameters
    ----------
    folder : Path
    decisions : collection of int
        The library's codes for missing values.

    Raises
    ------
    IntegrityError
        If the arrays are not whole, or not those of trees on the head's columns and classes.
    """
    signature, path = Signature.read(folder), folder / FILE_NAME
    arrays = read_arrays(path)
    n_trees, n_nodes = (
        arrays[name].shape[0] if name in arrays and arrays[name].ndim else 0 for name in ("sizes", "column")
    )
    check_arrays(path, arrays, _facts(n_trees, n_nodes, signature.n_scores))
    trees = BoostedTrees(**arrays)
    for problem in _problems(trees, signature.n_columns, decisions):
        message = f"{path}: expected boosted trees whose {problem}; restore it or export again"
        raise IntegrityError(message)
    return signature, trees


def _facts(n_trees: int, n_nodes: int, n_scores: int) -> dict[str, Facts]:
    return {
        "sizes": (np.int32, (n_trees,)),
        "children": (np.int32, (n_nodes, 2)),
        "column": (np.int32, (n_nodes,)),
        "value": (np.float64, (n_nodes,)),
        "decision": (np.uint8, (n_nodes,)),
        "gain": (np.float64, (n_nodes,)),
        "cover": (np.float64, (n_nodes,)),
        "offset": (np.float64, (n_scores,)),
        "version": (np.int32, (3,)),
    }


def _problems(trees: BoostedTrees, n_columns: int, decisions: Collection[int]) -> Iterator[str]:
    """Yield what does not hold; each check relies on those before it, so only the first counts."""
    sizes, n_scores = trees.sizes, len(trees.offset)
    if len(sizes) == 0 or len(sizes) % n_scores or sizes.min() < 1:
        yield f"trees have a node or more, and are {n_scores} per round"
    if sizes.sum(dtype=np.int64) != len(trees.column):
        yield f"sizes sum to the {len(trees.column)} nodes"
    if not _point_forward(trees):
        yield f"nodes point forward, each to two of its own tree that no other points to, {MAX_DEPTH} deep at most"
    is_leaf = (trees.children == LEAF).all(axis=1)
    if trees.column.min() < 0 or trees.column[~is_leaf].max(initial=0) >= n_columns:
        yield f"columns are 0 to {n_columns - 1}"
    if (np.abs(trees.value[is_leaf]) > MAX_LEAF).any() or (np.abs(trees.offset) > MAX_LEAF).any():
        yield f"leaves are at most {MAX_LEAF:g}"
    if trees.cover.min() < 0 or trees.cover.max() > MAX_COVER:
        yield f"counts are 0 to {MAX_COVER}"
    if not np.isin(trees.decision, list(decisions)).all():
        yield "codes for missing values are known"
    if trees.version.min() < 0 or trees.version.max() > MAX_VERSION:
        yield "version is one"


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
