"""What every column adds to the prediction of every case, for trees and linear models.

Linear models: coefficient times what the column holds above its mean, which is the SHAP value where columns are
independent (Lundberg and Lee 2017, corollary 1), in log-odds.

Boosted trees: exact SHAP values of the trees (TreeSHAP, Lundberg et al. 2020), computed by LightGBM and XGBoost
themselves, in log-odds.

Forests here are arrays of our own without the number of training rows in a node, which TreeSHAP needs, and the ``shap``
package would bring numba and LLVM with it. Their columns get the changes of the class shares along the path of a case
instead (Palczewska et al. 2013), which add up to the prediction as SHAP values do, but favour splits near the leaves.
"""

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead
from automl_skin.heads.lightgbm import LightgbmHead
from automl_skin.heads.logistic import LogisticHead
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.xgboost import XgboostHead

WORDS = {
    LightgbmHead: "mean |SHAP|, log-odds",
    XgboostHead: "mean |SHAP|, log-odds",
    LogisticHead: "mean |SHAP|, log-odds",
    ForestHead: "mean |path contribution|",
}
"""What the figures of `contributions` are, by head; others have none."""


def contributions(head: FittedHead, design: Design) -> FloatArray | None:
    """Return what each column adds to each score of each case, or None for a neural head.

    Returns
    -------
    ndarray of shape (n_cases, n_columns, n_scores), or None
        One score for two classes, but one a class by forests; else one a class that was present in training.
    """
    if isinstance(head, LightgbmHead):
        return lightgbm_shap(head, design)
    if isinstance(head, XgboostHead):
        return xgboost_shap(head, design)
    if isinstance(head, LogisticHead):
        above = design.matrix - design.matrix.mean(axis=0, dtype=np.float64)
        return np.asarray(above[:, :, None] * head.coefficients)
    return path_contributions(head, design) if isinstance(head, ForestHead) else None


def lightgbm_shap(head: LightgbmHead, design: Design) -> FloatArray:
    """Return SHAP values of shape (n_cases, n_columns, n_scores)."""
    values = np.asarray(head.booster.predict(design.matrix, pred_contrib=True, num_threads=1))
    by_score = values.reshape(design.n_cases, -1, design.n_columns + 1)  # the last is the mean
    return np.ascontiguousarray(by_score[:, :, :-1].transpose(0, 2, 1), dtype=np.float64)


def xgboost_shap(head: XgboostHead, design: Design) -> FloatArray:
    """Return SHAP values of shape (n_cases, n_columns, n_scores)."""
    import xgboost

    values = np.asarray(head.booster.predict(xgboost.DMatrix(design.matrix, nthread=1), pred_contribs=True))
    by_score = values.reshape(design.n_cases, -1, design.n_columns + 1)
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
