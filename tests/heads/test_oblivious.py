"""Trees that would read foreign memory, or too much of it: refused before any index is followed."""

from dataclasses import replace

import numpy as np
import pytest

from automl_skin.errors import IntegrityError
from automl_skin.heads import catboost
from automl_skin.heads.catboost import CatboostConfig
from automl_skin.heads.design import Design
from automl_skin.heads.oblivious import FILE_NAME, MAX_DEPTH, ObliviousTrees
from automl_skin.heads.training import training_targets


@pytest.fixture(params=[2, 3])
def saved(request, tmp_path):
    """A fitted head and the folder with it."""
    rng = np.random.default_rng(0)
    design = Design(rng.normal(size=(300, 5)).astype(np.float32), 5)
    labels = (design.matrix[:, 0] > 0).astype(np.int64) + (design.matrix[:, 1] > 0.5) * (request.param == 3)
    targets = training_targets(design, labels, request.param, None)
    head = catboost.fit(CatboostConfig(n_estimators=40), design, targets, 0, 1)
    head.save(tmp_path)
    return head, tmp_path


def changed(array, place, value):
    copy = array.copy()
    copy[place] = value
    return copy


BREAKS = {
    "negative depth": (lambda t: replace(t, depths=changed(t.depths, 0, -1)), f"depths are 0 to {MAX_DEPTH}"),
    "too deep": (lambda t: replace(t, depths=changed(t.depths, 0, 40)), f"depths are 0 to {MAX_DEPTH}"),
    "too many questions": (lambda t: replace(t, depths=changed(t.depths, 0, 9)), "depths sum to"),
    "other leaves": (
        lambda t: replace(t, depths=changed(changed(t.depths, 0, t.depths[0] + 1), 1, t.depths[1] - 1)),
        "depths stand for",
    ),
    "column outside": (lambda t: replace(t, column=changed(t.column, 3, 5)), "columns are 0 to 4"),
    "column negative": (lambda t: replace(t, column=changed(t.column, 3, -1)), "columns are 0 to 4"),
    "huge leaf": (lambda t: replace(t, leaves=changed(t.leaves, 0, 1e200)), "leaves are at most"),
    "huge offset": (lambda t: replace(t, offset=np.full_like(t.offset, -1e200)), "leaves are at most"),
    "weight": (lambda t: replace(t, weights=changed(t.weights, 0, -1.0)), "weights are 0 to"),
    "nan": (lambda t: replace(t, border=changed(t.border, 0, np.nan)), "finite numbers as 'border'"),
    "type": (lambda t: replace(t, border=t.border.astype(np.float64)), "as 'border'"),
    "scores": (lambda t: replace(t, leaves=t.leaves[:, :0]), "as 'leaves'"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_trees_that_are_none_are_refused(saved, what):
    head, folder = saved
    change, message = BREAKS[what]
    change(head.trees).save(folder / FILE_NAME)
    with pytest.raises(IntegrityError, match=message):
        catboost.load(folder)


def test_trees_of_another_head_are_refused(saved):
    head, folder = saved
    replace(head.signature, n_columns=2, image_columns=2).write(folder)
    with pytest.raises(IntegrityError, match="columns are 0 to 1"):
        catboost.load(folder)


def test_more_cases_than_are_evaluated_at_once(saved):
    head, _ = saved
    matrix = np.random.default_rng(1).normal(size=(600, 5)).astype(np.float32)
    slow = np.array([_descend(head.trees, row) for row in matrix])
    assert np.abs(head.trees.scores(matrix) - slow).max() < 1e-12


def _descend(trees: ObliviousTrees, row):
    """Return the scores of one case, one question at a time."""
    total, split, leaf = trees.offset.copy(), 0, 0
    for depth in trees.depths:
        bits = [row[trees.column[split + level]] > trees.border[split + level] for level in range(depth)]
        total += trees.leaves[leaf + sum(bit << level for level, bit in enumerate(bits))]
        split, leaf = split + depth, leaf + 2**depth
    return total
