"""Trees that would end the process, or never end, in LightGBM or XGBoost: refused before those libraries see them."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.heads import lightgbm, xgboost
from automl_skin.heads.boosted import FILE_NAME, LEAF, MAX_DEPTH, BoostedTrees
from automl_skin.heads.design import Design
from automl_skin.heads.signature import Signature
from automl_skin.heads.training import training_targets

FAMILIES = {"lightgbm": lightgbm, "xgboost": xgboost}


@pytest.fixture(params=[(name, n_classes) for name in FAMILIES for n_classes in (2, 3)], ids=str)
def saved(request, tmp_path):
    """The family, a fitted head and the folder with it."""
    name, n_classes = request.param
    rng = np.random.default_rng(0)
    design = Design(rng.normal(size=(300, 5)).astype(np.float32), 5)
    labels = (design.matrix[:, 0] > 0).astype(np.int64) + (design.matrix[:, 1] > 0.5) * (n_classes == 3)
    family = FAMILIES[name]
    targets = training_targets(design, labels, n_classes, None)
    head = family.fit(family.FAMILY.configure({"n_estimators": 40}), design, targets, 0, 1)
    head.save(tmp_path)
    return family, head, tmp_path


def first_inner(trees):
    return int(np.flatnonzero(trees.children[:, 0] != LEAF)[0])


def changed(array, place, value):
    copy = array.copy()
    copy[place] = value
    return copy


def chain(trees):
    """Return one tree that is a chain, deeper than a recursion may go."""
    depth = MAX_DEPTH + 5
    children = np.full((2 * depth + 1, 2), LEAF, np.int32)
    children[0 : 2 * depth : 2] = np.arange(2 * depth).reshape(-1, 2) + 1
    children[0 : 2 * depth : 2] = children[0 : 2 * depth : 2][:, ::-1]
    n_nodes, n_scores = len(children), len(trees.offset)
    nothing = np.zeros(n_nodes * n_scores)
    return replace(
        trees,
        sizes=np.full(n_scores, n_nodes, np.int32),
        children=np.tile(children, (n_scores, 1)),
        column=nothing.astype(np.int32),
        value=nothing,
        decision=nothing.astype(np.uint8),
        gain=nothing,
        cover=nothing,
    )


BREAKS = {
    "child outside": (
        lambda t: replace(t, children=changed(t.children, first_inner(t), 10**6)),
        "point forward",
    ),
    "child before": (
        lambda t: replace(t, children=changed(t.children, (first_inner(t), 0), -7)),
        "point forward",
    ),
    "itself": (lambda t: replace(t, children=changed(t.children, first_inner(t), 0)), "point forward"),
    "one twice": (
        lambda t: replace(t, children=changed(t.children, first_inner(t), [2, 2])),
        "point forward",
    ),
    "half a leaf": (
        lambda t: replace(t, children=changed(t.children, (first_inner(t), 1), LEAF)),
        "point forward",
    ),
    "too deep": (chain, f"{MAX_DEPTH} deep at most"),
    "column outside": (
        lambda t: replace(t, column=changed(t.column, first_inner(t), 5)),
        "columns are 0 to 4",
    ),
    "column negative": (
        lambda t: replace(t, column=changed(t.column, first_inner(t), -1)),
        "columns are 0 to 4",
    ),
    "sizes": (lambda t: replace(t, sizes=changed(t.sizes, 0, t.sizes[0] + 1)), "sizes sum to"),
    "no node": (lambda t: replace(t, sizes=changed(t.sizes, 0, 0)), "have a node or more"),
    "no tree": (lambda t: replace(t, sizes=t.sizes[:0]), "have a node or more"),
    "trees of half a round": (lambda t: replace(t, offset=np.zeros(7)), "as 'offset'"),
    "nan": (lambda t: replace(t, value=changed(t.value, 0, np.nan)), "finite numbers as 'value'"),
    "huge leaf": (lambda t: replace(t, value=changed(t.value, -1, 1e200)), "leaves are at most"),
    "huge count": (lambda t: replace(t, cover=changed(t.cover, 0, 1e300)), "counts are 0 to"),
    "code": (lambda t: replace(t, decision=changed(t.decision, 0, 33)), "codes for missing values are known"),
    "type": (lambda t: replace(t, value=t.value.astype(np.float32)), "as 'value'"),
    "version": (lambda t: replace(t, version=changed(t.version, 0, -3)), "version is one"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_trees_that_are_none_are_refused(saved, what):
    family, head, folder = saved
    change, message = BREAKS[what]
    change(head.trees).save(folder / FILE_NAME)
    with pytest.raises(IntegrityError, match=message):
        family.load(folder)


def test_what_the_library_is_given_is_what_it_had_fitted(saved):
    family, head, folder = saved
    new = Design(np.random.default_rng(1).normal(size=(200, 5)).astype(np.float32), 5)
    assert (family.load(folder).predict(new) == head.predict(new)).all()


def test_trees_of_another_head_are_refused(saved):
    family, head, folder = saved
    replace(head.signature, n_columns=3, image_columns=3).write(folder)
    with pytest.raises(IntegrityError, match="columns are 0 to 2"):
        family.load(folder)


def test_leaves_among_the_nodes_are_no_tree_of_lightgbm(tmp_path):
    nothing = np.zeros(5)
    trees = BoostedTrees(
        sizes=np.array([5], np.int32),
        children=np.array([[1, 2], [LEAF, LEAF], [3, 4], [LEAF, LEAF], [LEAF, LEAF]], np.int32),
        column=nothing.astype(np.int32),
        value=nothing,
        decision=nothing.astype(np.uint8),
        gain=nothing,
        cover=nothing,
        offset=np.zeros(1),
        version=np.array([4, 0, 0], np.int32),
    )
    Signature(2, 2, (0, 1), 2).write(tmp_path)
    trees.save(tmp_path / FILE_NAME)
    with pytest.raises(IntegrityError, match="expected the leaves of each tree after its other nodes"):
        lightgbm.load(tmp_path)


def test_missing_trees_are_named(saved):
    family, _, folder = saved
    (folder / FILE_NAME).unlink()
    with pytest.raises(IntegrityError, match="expected a whole safetensors file"):
        family.load(folder)


@pytest.mark.parametrize(
    "values", [{"n_columns": 10**12}, {"classes": (1, 0)}, {"classes": (0,)}, {"n_classes": 1}]
)
def test_signature_that_cannot_be_is_refused(saved, values):
    family, head, folder = saved
    replace(head.signature, **values).write(folder)
    with pytest.raises(IntegrityError, match="expected columns and classes that fit each other"):
        family.load(folder)
