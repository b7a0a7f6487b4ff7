import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from automl_skin.errors import IntegrityError
from automl_skin.heads.design import Design
from automl_skin.heads.forest import ForestHead, load_forest, nodes_of
from automl_skin.heads.signature import Signature
from automl_skin.heads.stored import read_arrays, write_arrays


@pytest.fixture
def forest():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 6)).astype(np.float32)
    labels = (matrix[:, 0] + rng.normal(size=300) > 0).astype(int) + (matrix[:, 1] > 1)
    return ExtraTreesClassifier(20, min_samples_leaf=3, random_state=0).fit(matrix, labels), matrix


def head_of(trees):
    return ForestHead(Signature(6, 0, (0, 1, 2), 3), nodes_of(trees.estimators_))


def test_agrees_with_scikit_learn(forest):
    trees, matrix = forest
    new = np.random.default_rng(1).normal(size=(200, 6)).astype(np.float32)
    for cases in (matrix, new):
        assert np.allclose(head_of(trees).predict(Design(cases, 0)), trees.predict_proba(cases), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "value"), [("children", 10**6), ("children", -1), ("children", 0), ("column", 6), ("roots", -1)]
)
def test_nodes_that_point_astray_are_refused(forest, tmp_path, name, value):
    head_of(forest[0]).save(tmp_path)
    path = tmp_path / "forest.safetensors"
    arrays = read_arrays(path)
    changed = arrays[name].copy()
    changed[5] = value
    write_arrays(path, {**arrays, name: changed})
    with pytest.raises(IntegrityError, match=r"expected trees whose nodes point forward inside"):
        load_forest(tmp_path)


def test_many_roots_of_one_long_tree_are_refused(forest, tmp_path):
    """Each way down would end, but all of them together would take hours."""
    head_of(forest[0]).save(tmp_path)
    path = tmp_path / "forest.safetensors"
    arrays = read_arrays(path)
    for roots in ([0] * 10_000, [0, 1, 2], [5], [3, 1]):
        write_arrays(path, {**arrays, "roots": np.array(roots, np.int32)})
        with pytest.raises(IntegrityError, match="inside their own tree"):
            load_forest(tmp_path)
