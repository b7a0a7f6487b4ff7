import re

import numpy as np
import pytest
from PIL import Image

from automl_skin.papers.analyses import forest_grid
from automl_skin.papers.analyses.forest_grid import _permuted, _shuffled
from automl_skin.search.objective import make_fitter

GRID = {"n_estimators": [20], "max_features": [0.5], "max_samples": [0.5], "min_samples_leaf": [1, 60]}
OPTIONS = {"grid": GRID, "sides": {"AUC of d": ["d"]}, "published": {"mAP": 0.402, "Top-1": [0.544, 0.006]}}


@pytest.mark.parametrize("locked", [False, True])
def test_the_winner_is_chosen_by_its_folds_and_shown_beside_the_paper(context, locked):
    section = forest_grid.forest_grid(context(locked=locked), **OPTIONS, repeats=1)
    rows = re.findall(r"\| 0\.5 \| 0\.5 \| (\d+) \| 20 \| (0\.\d+) ±", section.markdown)
    assert sorted(leaf for leaf, _ in rows) == ["1", "60"]
    assert float(rows[0][1]) >= float(rows[1][1])
    assert "| published | 0.544 (0.006) | 0.402 |  |" in section.markdown
    assert ("on the held-out cases" in section.markdown) == locked
    Image.open(section.pictures[0]).verify()


def test_shuffling_a_field_touches_no_other(context):
    inputs = context().material.inputs
    order = np.arange(len(inputs))[::-1]
    shuffled = _shuffled(inputs, "age", order)
    assert shuffled.metadata["age"].tolist()[::-1] == pytest.approx(
        inputs.metadata["age"].tolist(), nan_ok=True
    )
    assert shuffled.metadata["sex"].equals(inputs.metadata["sex"])
    assert shuffled.metadata.index.equals(inputs.metadata.index)


def test_the_field_that_tells_most_loses_most(context):
    made = context()
    fitter = make_fitter(made.material, made.study.config.encoder, made.study.config.seed)
    point = forest_grid._fit(made, fitter, {"n_estimators": 60, "max_features": 0.5, "min_samples_leaf": 5})
    losses = {name: values.mean() for name, values in _permuted(made, point, 5).items()}
    assert set(losses) == {"age", "sex", "site"}
    assert losses["sex"] < losses["age"]
    assert abs(losses["sex"]) < 0.03
