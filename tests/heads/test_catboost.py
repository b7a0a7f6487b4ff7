import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import softmax

from automl_skin.errors import ConfigError
from automl_skin.explain.contributions import native_importance, oblivious_contributions
from automl_skin.heads import protocol
from automl_skin.heads.catboost import FAMILY, CatboostConfig, fit, fit_model, read_model, save_model
from automl_skin.heads.design import Design
from automl_skin.heads.training import training_targets

CONFIG = CatboostConfig(n_estimators=80, depth=5)


def make_cases(n_classes, n_cases=600):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n_cases, 9)).astype(np.float32)
    matrix[:, 2] = 1.0  # a column that no tree asks for
    scores = (
        2.0 * matrix[:, :n_classes] + matrix[:, 3:4] * matrix[:, 4:5] + rng.gumbel(size=(n_cases, n_classes))
    )
    design, labels = Design(matrix, 5), scores.argmax(axis=1)
    return design, training_targets(design, labels, n_classes, None)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_answers_are_those_of_catboost_itself(n_classes):
    """On its own borders too, where above and not below decides."""
    design, targets = make_cases(n_classes)
    model = fit_model(CONFIG, design, targets, 3, 1)
    head = fit(CONFIG, design, targets, 3, 1)
    rng = np.random.default_rng(1)
    new = rng.normal(size=(500, 9)).astype(np.float32)
    new[:200, head.trees.column[:200]] = head.trees.border[:200]
    theirs = model.predict(new, prediction_type="Probability", thread_count=1)
    assert np.abs(head.predict(Design(new, 5)) - theirs).max() < 1e-9


@pytest.mark.parametrize("n_classes", [2, 3])
def test_importance_is_that_of_catboost_itself(n_classes):
    design, targets = make_cases(n_classes)
    model = fit_model(CONFIG, design, targets, 3, 1)
    head = fit(CONFIG, design, targets, 3, 1)
    ours = native_importance(head, design, targets.codes)
    theirs = model.get_feature_importance(type="PredictionValuesChange", thread_count=1)
    assert np.allclose(100.0 * ours / ours.sum(), theirs, atol=1e-6)
    assert ours[2] == 0.0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_contributions_add_up_to_the_scores(n_classes):
    design, targets = make_cases(n_classes)
    head = fit(CONFIG, design, targets, 3, 1)
    values = oblivious_contributions(head.trees, design)
    rest = head.trees.scores(design.matrix) - values.sum(axis=1)
    assert np.abs(rest - rest[0]).max() < 1e-9
    assert (values[:, 2] == 0.0).all()


def test_a_model_without_splits_is_read():
    content = {
        "oblivious_trees": [
            {"leaf_values": [0.5, -0.5, 0.0], "leaf_weights": [7], "splits": None},
            {
                "leaf_values": [1, 2, 3, 4, 5, 6],
                "leaf_weights": [3, 4],
                "splits": [{"border": 0.5, "float_feature_index": 1}],
            },
        ],
        "scale_and_bias": [1, [0.0, 0.0, 0.0]],
    }
    trees = read_model(json.dumps(content).encode(), 3)
    scores = trees.scores(np.array([[9, 0.5], [0, 0.6]], np.float32))
    assert scores.tolist() == [[1.5, 1.5, 3.0], [4.5, 4.5, 6.0]]


def test_constant_columns_give_the_shares_of_the_classes():
    design = Design(np.ones((200, 3), np.float32), 3)
    labels = np.arange(200) % 4 // 3
    head = fit(CONFIG, design, training_targets(design, labels, 2, None), 0, 1)
    assert np.allclose(head.predict(design), [[0.75, 0.25]])


def test_without_the_library_it_is_named_and_bundles_answer(monkeypatch, tmp_path):
    design, targets = make_cases(3)
    head = fit(CONFIG, design, targets, 0, 1)
    head.save(tmp_path)
    code = (
        "import sys; sys.modules['catboost'] = None\n"
        "import json, numpy as np; from pathlib import Path\n"
        "from automl_skin.heads.catboost import load; from automl_skin.heads.design import Design\n"
        "matrix = np.linspace(-2, 2, 45, dtype=np.float32).reshape(5, 9)\n"
        f"print(json.dumps(load(Path({str(tmp_path)!r})).predict(Design(matrix, 5)).tolist()))"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    matrix = np.linspace(-2, 2, 45, dtype=np.float32).reshape(5, 9)
    assert json.loads(answer.stdout) == head.predict(Design(matrix, 5)).tolist()

    monkeypatch.setattr(protocol, "find_spec", lambda name: None)
    assert not FAMILY.is_installed
    with pytest.raises(
        ConfigError, match=r"expected the package catboost, which is not installed.*\[catboost\]"
    ):
        fit(CONFIG, design, targets, 0, 1)


def test_nothing_is_written_beside_the_study(tmp_path, monkeypatch):
    """CatBoost writes a folder of its own by default."""
    monkeypatch.chdir(tmp_path)
    design, targets = make_cases(3)
    assert save_model(fit_model(CONFIG, design, targets, 0, 1))
    assert list(tmp_path.iterdir()) == []


def test_softmax_of_scores_is_the_answer():
    design, targets = make_cases(3)
    head = fit(CONFIG, design, targets, 0, 1)
    assert np.allclose(head.predict(design), softmax(head.trees.scores(design.matrix), axis=1))
