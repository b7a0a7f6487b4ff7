import numpy as np
from sklearn.tree import DecisionTreeClassifier

from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead, nodes_of
from automl_skin.heads.random_forest import N_BINS, _codes, _edges, _unbin
from automl_skin.heads.signature import Signature


def test_thresholds_on_values_decide_like_those_on_bins():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(500, 4)).astype(np.float32)
    matrix[:, 1] = np.round(matrix[:, 1])
    labels = (matrix[:, 0] * matrix[:, 1] + rng.normal(size=500) > 0).astype(int)
    edges = [_edges(column) for column in matrix.T]
    tree = DecisionTreeClassifier(min_samples_leaf=3, random_state=0).fit(_codes(matrix, edges), labels)
    head = ForestHead(Signature(4, 0, (0, 1), 2), _unbin(nodes_of([tree]), edges))
    new = rng.normal(size=(300, 4)).astype(np.float32) * 3
    for cases in (matrix, new):
        assert np.allclose(head.predict(Design(cases, 0)), tree.predict_proba(_codes(cases, edges)))


def test_bins_are_few_and_hold_equal_shares():
    column = np.random.default_rng(0).normal(size=6400).astype(np.float32)
    codes = _codes(column[:, None], [_edges(column)])[:, 0]
    counts = np.bincount(codes.astype(int))
    assert len(counts) == N_BINS
    assert counts.min() >= 98
    assert counts.max() <= 102
