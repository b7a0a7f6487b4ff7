import numpy as np

from automl_skin.evaluation.plots.scores import scores_plot


def test_pictures(two, many, opened):
    plain = opened(scores_plot(*two, ["benign", "malignant"]))
    marked = opened(scores_plot(*two, ["benign", "malignant"], threshold=0.7))
    assert np.any(np.asarray(plain) != np.asarray(marked))
    opened(scores_plot(*many, [f"class {k}" for k in range(7)]))


def test_a_class_without_cases(two, many, opened):
    opened(scores_plot(np.zeros_like(two[0]), two[1], ["benign", "malignant"]))
    opened(scores_plot(np.minimum(many[0], 4), many[1], [f"class {k}" for k in range(7)]))
