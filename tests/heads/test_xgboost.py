import numpy as np

from automl_skin.heads.design import Design
from automl_skin.heads.training import training_targets
from automl_skin.heads.xgboost import FAMILY, fit


def make_head(n_classes):
    rng = np.random.default_rng(0)
    design = Design(rng.normal(size=(200, 6)).astype(np.float32), 6)
    config = FAMILY.configure({"n_estimators": 40})
    targets = training_targets(design, rng.integers(n_classes, size=200), n_classes, None)
    return fit(config, design, targets, 0, 1), design


def test_three_classes_are_those_of_the_library():
    head, design = make_head(3)
    theirs = head.booster.inplace_predict(design.matrix)
    assert np.allclose(head.predict(design), theirs, atol=1e-6)


def test_two_classes_are_those_of_the_library():
    head, design = make_head(2)
    theirs = head.booster.inplace_predict(design.matrix)
    assert np.allclose(head.predict(design)[:, 1], theirs, atol=1e-6)


def test_says_nothing(capfd):
    design = Design(np.ones((30, 2), np.float32), 2)
    fit(FAMILY.config(), design, training_targets(design, np.arange(30) % 2, 2, None), 0, 1).predict(design)
    assert capfd.readouterr() == ("", "")
