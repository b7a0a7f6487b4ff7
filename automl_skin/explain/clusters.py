"""How far classes lie apart in some columns: the indices of table 6 of Ahammed et al. (CVPR Workshops 2025).

The paper gives no formula for its distances. They are taken as mean Euclidean distances between two cases: of one
class (intra), of different classes (inter). Its values fit that and not distances from or between centroids: with
inter 25.4 against intra 23.0 such centroids would give a Calinski-Harabasz index several times the one that it reports.
That they are alike for layers of very different widths suggests that they were measured in the plane of the t-SNE
map; which columns are given is the caller's choice, and belongs beside the figures.
"""

from dataclasses import dataclass

import numpy as np

from automl_skin.arrays import FloatArray, IntArray
from automl_skin.errors import InputError

_ROWS_AT_ONCE = 1024  # bounds the memory of distances


@dataclass(frozen=True)
class ClusterIndices:
    """How compact the classes are, and how far apart.

    Parameters
    ----------
    intra : dict of int to float
        By class: mean distance between two different cases of it; NaN for a class of one case.
    inter : float
        Mean distance between two cases of different classes.
    calinski_harabasz : float
        Variance between the classes over that within (Caliński and Harabasz 1974); higher is better.
    silhouette : float
        Rousseeuw 1987, in [-1, 1]; higher is better.
    davies_bouldin : float
        Davies and Bouldin 1979; lower is better.
    """

    intra: dict[int, float]
    inter: float
    calinski_harabasz: float
    silhouette: float
    davies_bouldin: float


def cluster_indices(rows: FloatArray, labels: IntArray) -> ClusterIndices:
    """Return the indices of labelled cases.

    Parameters
    ----------
    rows : ndarray of shape (n_cases, n_columns)
        Any layer: pixels, embeddings, logits, or their t-SNE map.
    labels : ndarray of shape (n_cases,)

    Raises
    ------
    InputError
        If the rows are not finite or not as many as labels, or there are not two classes and a third case.

    Examples
    --------
    >>> indices = cluster_indices(np.array([[0.0], [2.0], [10.0], [12.0]]), np.array([0, 0, 1, 1]))
    >>> indices.intra, indices.inter
    ({0: 2.0, 1: 2.0}, 10.0)
    """
    from sklearn import metrics

    rows = np.asarray(rows, dtype=np.float64)
    _check(rows, labels)
    intra, inter = class_distances(rows, labels)
    return ClusterIndices(
        intra,
        inter,
        float(metrics.calinski_harabasz_score(rows, labels)),
        float(metrics.silhouette_score(rows, labels)),
        float(metrics.davies_bouldin_score(rows, labels)),
    )


def class_distances(rows: FloatArray, labels: IntArray) -> tuple[dict[int, float], float]:
    """Return the mean distance within each class, by class, and that between the classes.

    Parameters
    ----------
    rows : ndarray of shape (n_cases, n_columns)
    labels : ndarray of shape (n_cases,)
    """
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = _sums_of_distances(rows, codes, len(classes))
    pairs = np.outer(counts, counts) - np.diag(counts)  # ordered; nobody is paired with itself
    own = np.eye(len(classes), dtype=np.bool_)
    intra = {
        int(each): float(sums[at, at] / pairs[at, at]) if pairs[at, at] else float("nan")
        for at, each in enumerate(classes)
    }
    return intra, float(sums[~own].sum() / pairs[~own].sum())


def _sums_of_distances(rows: FloatArray, codes: IntArray, n_classes: int) -> FloatArray:
    """Return the sum of the distances of all ordered pairs of cases by their two classes."""
    from scipy.spatial.distance import cdist

    members = np.eye(n_classes)[codes]
    total = np.zeros((n_classes, n_classes))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        total += members[some].T @ cdist(rows[some], rows) @ members
    return total


def _check(rows: FloatArray, labels: IntArray) -> None:
    if rows.ndim != 2 or rows.shape[:1] != labels.shape or not np.isfinite(rows).all():
        message = "clusters: expected finite rows of shape (n_cases, n_columns) and one label per row"
        raise InputError(f"{message}, got shapes {rows.shape} and {labels.shape}; leave such cases out")
    n_classes = len(np.unique(labels))
    if not 2 <= n_classes < len(labels):
        message = "clusters: expected at least two classes, and more cases than classes"
        raise InputError(f"{message}, got {n_classes} classes of {len(labels)} cases; take more cases")
