"""Forests of trees as plain arrays, grown by scikit-learn and read by our own descent.

scikit-learn's trees index their nodes without bounds checking, which is why skops calls them untrusted: a
changed file can crash the process. Here the nodes are checked when they are read, a model does not depend on
scikit-learn's version, and one row takes a millisecond.

Symbols
-------
n_nodes : nodes of all trees, one tree after the other
n_trees : trees
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import Float32Array, FloatArray
from automl_skin.errors import IntegrityError
from automl_skin.heads.design import Design
from automl_skin.heads.signature import Signature
from automl_skin.heads.stored import Arrays, Facts, check_arrays, read_arrays, write_arrays

FILE_NAME = "forest.safetensors"
Positions = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Nodes:
    """All nodes of a forest.

    Parameters
    ----------
    roots : ndarray of shape (n_trees,), int32
        The first node of each tree.
    column : ndarray of shape (n_nodes,), int32
        Column of the design that the node asks for.
    threshold : ndarray of shape (n_nodes,), float64
        A case goes left if its value is at most this.
    children : ndarray of shape (n_nodes, 2), int32
        The left and the right child; both the node itself where it is a leaf.
    probabilities : ndarray of shape (n_nodes, n_present), float64
        Shares of the classes in the node.
    """

    roots: Positions
    column: Positions
    threshold: FloatArray
    children: Positions
    probabilities: FloatArray

    @property
    def is_leaf(self) -> npt.NDArray[np.bool_]:
        """Which nodes are leaves, shape (n_nodes,)."""
        itself: npt.NDArray[np.bool_] = self.children[:, 0] == np.arange(len(self.children))
        return itself


@dataclass(frozen=True)
class ForestHead:
    """A fitted forest: the mean over its trees of the class shares in a case's leaf."""

    signature: Signature
    nodes: Nodes

    def predict(self, design: Design) -> FloatArray:
        """Return probabilities of shape (n_cases, n_classes)."""
        self.signature.check(design)
        total = np.zeros((design.n_cases, self.nodes.probabilities.shape[1]))
        is_leaf = self.nodes.is_leaf
        for root in self.nodes.roots:
            total += self.nodes.probabilities[_leaves(self.nodes, is_leaf, root, design.matrix)]
        return self.signature.spread(total)

    def save(self, folder: Path) -> None:
        """Write ``head.json`` and the nodes."""
        self.signature.write(folder)
        write_arrays(folder / FILE_NAME, vars(self.nodes))


def nodes_of(estimators: Sequence[Any]) -> Nodes:
    """Return the nodes of trees that scikit-learn has fitted."""
    trees = [each.tree_ for each in estimators]
    offsets = np.cumsum([0, *(tree.node_count for tree in trees)])
    parts = [_tree_arrays(tree, offset) for tree, offset in zip(trees, offsets[:-1], strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Nodes(roots=offsets[:-1].astype(np.int32), **joined)


def load_forest(folder: Path) -> ForestHead:
    """Load what `ForestHead.save` wrote.

    Raises
    ------
    IntegrityError
        If a node points outside its tree or back to an earlier node.
    """
    signature, path = Signature.read(folder), folder / FILE_NAME
    arrays = read_arrays(path)
    n_nodes, n_trees = (
        arrays[name].shape[0] if name in arrays and arrays[name].ndim else 0 for name in ("column", "roots")
    )
    facts: dict[str, Facts] = {
        "roots": (np.int32, (n_trees,)),
        "column": (np.int32, (n_nodes,)),
        "threshold": (np.float64, (n_nodes,)),
        "children": (np.int32, (n_nodes, 2)),
        "probabilities": (np.float64, (n_nodes, len(signature.classes))),
    }
    check_arrays(path, arrays, facts, infinite=("threshold",))
    head = ForestHead(signature, Nodes(**arrays))
    if not n_nodes or not n_trees or not _is_whole(head):
        message = f"{path}: expected trees whose nodes point forward inside their own tree; restore it"
        raise IntegrityError(message)
    return head


def _tree_arrays(tree: Any, offset: int) -> Arrays:
    itself = np.arange(tree.node_count)
    is_leaf = tree.children_left < 0
    children = np.column_stack(
        [np.where(is_leaf, itself, child) for child in (tree.children_left, tree.children_right)]
    )
    shares = tree.value[:, 0, :]
    return {
        "column": np.where(is_leaf, 0, tree.feature).astype(np.int32),
        "threshold": tree.threshold,
        "children": (children + offset).astype(np.int32),
        "probabilities": shares / shares.sum(axis=1, keepdims=True),
    }


def _leaves(nodes: Nodes, is_leaf: npt.NDArray[np.bool_], root: int, matrix: Float32Array) -> Positions:
    position = np.full(len(matrix), root, dtype=np.int32)
    moving = np.flatnonzero(~is_leaf[position])
    while len(moving):
        here = position[moving]
        right = matrix[moving, nodes.column[here]] > nodes.threshold[here]
        there = nodes.children[here, right.astype(np.int8)]
        position[moving] = there
        moving = moving[~is_leaf[there]]
    return position


def _is_whole(head: ForestHead) -> bool:
    """Return whether the way down from every root ends, in a number of steps that all trees together bound."""
    nodes, n_nodes = head.nodes, len(head.nodes.column)
    itself = np.arange(n_nodes)[:, None]
    if nodes.roots[0] != 0 or (np.diff(nodes.roots) <= 0).any() or nodes.roots[-1] >= n_nodes:
        return False
    # a tree's nodes lie between its root and the next one
    end = np.append(nodes.roots[1:], n_nodes)[np.searchsorted(nodes.roots, itself, side="right") - 1]
    is_leaf = (nodes.children == itself).all(axis=1, keepdims=True)
    forward = (nodes.children > itself) & (nodes.children < end)
    return bool(
        (forward | is_leaf).all()
        and nodes.column.min() >= 0
        and nodes.column.max() < head.signature.n_columns
        and nodes.probabilities.min() >= 0
        and (nodes.probabilities.sum(axis=1) > 0).all()
    )
