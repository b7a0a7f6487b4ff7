import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from automl_skin.heads.design import Design
from automl_skin.heads.extra_trees import ExtraTreesConfig, fit
from automl_skin.heads.training import training_targets


def test_is_the_forest_of_scikit_learn():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(200, 5)).astype(np.float32)
    labels = (matrix[:, 0] > 0).astype(int)
    config = ExtraTreesConfig(n_estimators=60, max_features=0.2)
    theirs = ExtraTreesClassifier(60, max_features=0.2, min_samples_leaf=5, random_state=3).fit(
        matrix, labels
    )
    design = Design(matrix, 5)
    ours = fit(config, design, training_targets(design, labels, 2, None), 3, 1)
    assert np.allclose(ours.predict(Design(matrix, 5)), theirs.predict_proba(matrix), atol=1e-12)
