"""What a head knows of its columns: what each adds to the prediction of every case, and its importance as a whole.

For trees and linear models; a neural head has neither.

Linear models: coefficient times what the column holds above its mean, which is the SHAP value where columns are
independent (Lundberg and Lee 2017, corollary 1), in log-odds.

Boosted trees: exact SHAP values of the trees (TreeSHAP, Lundberg et al. 2020), computed by LightGBM and XGBoost
themselves, in log-odds.

Forests here are arrays of our own without the number of training rows in a node, which TreeSHAP needs, and the ``shap``
package would bring numba and LLVM with it. Their columns get the changes of the class shares along the path of a case
instead (Palczewska et al. 2013), which add up to the prediction as SHAP values do, but favour splits near the leaves.
So do the columns of CatBoost's trees, in log-odds: they are evaluated without the library.
"""

import numpy as np
import numpy.typing as npt

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.heads.catboost import CatboostHead
from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead
from automl_skin.heads.lightgbm import LightgbmHead
from automl_skin.heads.logistic import LogisticHead
from automl_skin.heads.oblivious import ObliviousTrees
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.xgboost import XgboostHead

CONTRIBUTION_WORDS = {
    LightgbmHead: "mean |SHAP|, log-odds",
    XgboostHead: "mean |SHAP|, log-odds",
    LogisticHead: "mean |SHAP|, log-odds",
    ForestHead: "mean |path contribution|",
    CatboostHead: "mean |path contribution|, log-odds",
}
"""What the figures of `contributions` are, by head; others have none."""

IMPORTANCE_WORDS = {
    LightgbmHead: "gain",
    XgboostHead: "gain",
    LogisticHead: "|coefficient| x standard deviation",
    ForestHead: "decrease of impurity",
    CatboostHead: "change of the scores",
}
"""What the figures of `native_importance` are, by head; others have none."""

MIN_WEIGHT = 1e-9
"""Of a leaf that no training case was in."""


def contributions(head: FittedHead, design: Design) -> FloatArray | None:
    """Return what each column adds to each score of each case, or None for a neural head.

    Returns
    -------
    ndarray of shape (n_cases, n_columns, n_scores), or None
        One score for two classes, but one per class from forests; else one per class that was present in training.
    """
    if isinstance(head, LightgbmHead):
        return _shap_of_trees(head.booster.predict(design.matrix, pred_contrib=True, num_threads=1), design)
    if isinstance(head, XgboostHead):
        import xgboost

        rows = xgboost.DMatrix(design.matrix, nthread=1)
        return _shap_of_trees(head.booster.predict(rows, pred_contribs=True), design)
    if isinstance(head, LogisticHead):
        above = design.matrix - design.matrix.mean(axis=0, dtype=np.float64)
        return np.asarray(above[:, :, None] * head.coefficients)
    if isinstance(head, CatboostHead):
        return oblivious_contributions(head.trees, design)
    return path_contributions(head, design) if isinstance(head, ForestHead) else None


def _shap_of_trees(values: npt.ArrayLike, design: Design) -> FloatArray:
    """Return SHAP values of shape (n_cases, n_columns, n_scores) from a library's, whose last column is the mean."""
    by_score = np.asarray(values).reshape(design.n_cases, -1, design.n_columns + 1)
    return np.ascontiguousarray(by_score[:, :, :-1].transpose(0, 2, 1), dtype=np.float64)


def path_contributions(head: ForestHead, design: Design) -> FloatArray:
    """Return the changes of a forest's class shares by the columns that were asked for.

    Returns
    -------
    ndarray of shape (n_cases, n_columns, n_present)
        With the mean shares at the roots they add up to the forest's shares.
    """
    nodes, matrix = head.nodes, design.matrix
    is_leaf, shares = nodes.is_leaf, nodes.probabilities
    total = np.zeros((design.n_cases, design.n_columns, shares.shape[1]))
    for root in nodes.roots:
        position = np.full(design.n_cases, root, dtype=np.int32)
        moving = np.flatnonzero(~is_leaf[position])
        while len(moving):
            here = position[moving]
            column = nodes.column[here]
            right = matrix[moving, column] > nodes.threshold[here]
            there = nodes.children[here, right.astype(np.int8)]
            total[moving, column] += shares[there] - shares[here]
            position[moving] = there
            moving = moving[~is_leaf[there]]
    return total / len(nodes.roots)


def oblivious_contributions(trees: ObliviousTrees, design: Design) -> FloatArray:
    """Return the changes of the scores by the columns that oblivious trees ask for, from the first question on.

    Returns
    -------
    ndarray of shape (n_cases, n_columns, n_scores)
        With the trees' mean scores in training they add up to the scores.
    """
    n_cases, n_scores = design.n_cases, trees.leaves.shape[1]
    total = np.zeros((n_cases, design.n_columns, n_scores))
    leaves = trees.find_leaves(design.matrix) - trees.first_leaves[:-1]
    for number, depth in enumerate(trees.depths.tolist()):
        span = slice(*trees.first_leaves[number : number + 2])
        first = trees.first_splits[number]
        # a leaf without training cases counts nothing, but where it is all there is
        weights = trees.weights[span, None] + MIN_WEIGHT
        means, counts = trees.leaves[span], weights
        for level in reversed(range(depth)):
            half = 1 << level
            below, above = slice(None, half), slice(half, None)
            both = counts[below] + counts[above]
            mean = (means[below] * counts[below] + means[above] * counts[above]) / both
            inside = leaves[:, number] & (2 * half - 1)
            total[:, trees.column[first + level]] += means[inside] - mean[inside & (half - 1)]
            means, counts = mean, both
    return total


def _change_of_scores(trees: ObliviousTrees, n_columns: int) -> FloatArray:
    """Return how much the scores change with every column, as CatBoost's ``PredictionValuesChange``, not normalised."""
    changes = np.zeros(n_columns)
    for number, depth in enumerate(trees.depths.tolist()):
        span = slice(*trees.first_leaves[number : number + 2])
        leaves, weights = trees.leaves[span], trees.weights[span]
        for level in range(depth):
            below = np.flatnonzero(~np.arange(len(leaves)) >> level & 1)
            above = below | 1 << level
            both = np.maximum(weights[below] + weights[above], MIN_WEIGHT)
            squares = ((leaves[below] - leaves[above]) ** 2).sum(axis=1)
            changes[trees.column[trees.first_splits[number] + level]] += (
                weights[below] * weights[above] / both * squares
            ).sum()
    return changes


def native_importance(head: FittedHead, design: Design, labels: IntArray) -> FloatArray | None:
    """Return the importance of every column, or None for a family that has none.

    Boosted trees: gain of the splits in training; of CatBoost's the change of the scores there. Linear models: mean
    absolute coefficient times the standard deviation of the column. Forests: mean decrease of impurity on the given
    cases, which must not be those of training (MDI-oob, Li et al., NeurIPS 2019, equation 4: free of the bias for
    columns with many values).

    Parameters
    ----------
    design : Design
        Of cases that the head has not seen.
    labels : ndarray of shape (n_cases,)
        Of the same cases, classes of the head.

    Returns
    -------
    ndarray of shape (n_columns,), or None
    """
    if isinstance(head, LightgbmHead):
        return np.asarray(head.booster.feature_importance("gain"), dtype=np.float64)
    if isinstance(head, XgboostHead):
        gains = head.booster.get_score(importance_type="total_gain")
        return np.array([float(gains.get(f"f{at}", 0.0)) for at in range(design.n_columns)])
    if isinstance(head, LogisticHead):
        spread = design.matrix.std(axis=0, dtype=np.float64)
        return np.asarray(np.abs(head.coefficients).mean(axis=1) * spread)
    if isinstance(head, CatboostHead):
        return _change_of_scores(head.trees, design.n_columns)
    if isinstance(head, ForestHead):
        return _decrease_of_impurity(head, design, labels)
    return None


def _decrease_of_impurity(head: ForestHead, design: Design, labels: IntArray) -> FloatArray:
    is_class = labels[:, None] == np.asarray(head.signature.classes)[None, :]
    contributions = path_contributions(head, design)
    return np.asarray(np.einsum("ncs,ns->c", contributions, is_class.astype(np.float64)) / len(labels))
