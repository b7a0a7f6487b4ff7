"""The importances that a family itself knows of the columns that it sees."""

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.explain.contributions import path_contributions
from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead
from automl_skin.heads.lightgbm import LightgbmHead
from automl_skin.heads.logistic import LogisticHead
from automl_skin.heads.protocol import FittedHead
from automl_skin.heads.xgboost import XgboostHead

WORDS = {
    LightgbmHead: "gain",
    XgboostHead: "gain",
    LogisticHead: "|coefficient| x standard deviation",
    ForestHead: "decrease of impurity",
}
"""What the figures of `native_importance` are, by head; others have none."""


def native_importance(head: FittedHead, design: Design, labels: IntArray) -> FloatArray | None:
    """Return the importance of every column, or None for a family that has none.

    Boosted trees: gain of the splits in training. Linear models: mean absolute coefficient times the standard
    deviation of the column. Forests: mean decrease of impurity on the given cases, which must not be those of
    training (MDI-oob, Li et al., NeurIPS 2019, equation 4: free of the bias for columns with many values).

    Parameters
    ----------
    head : FittedHead
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
    if isinstance(head, ForestHead):
        return _decrease_of_impurity(head, design, labels)
    return None


def _decrease_of_impurity(head: ForestHead, design: Design, labels: IntArray) -> FloatArray:
    is_class = labels[:, None] == np.asarray(head.signature.classes)[None, :]
    contributions = path_contributions(head, design)
    return np.asarray(np.einsum("ncs,ns->c", contributions, is_class.astype(np.float64)) / len(labels))
