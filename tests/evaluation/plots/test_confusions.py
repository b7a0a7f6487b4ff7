import numpy as np
import pytest

from automl_skin.evaluation.plots.confusions import confusions_plot, mean_confusion


def one_hot(decisions):
    return np.eye(2)[decisions]


def test_shares_are_means_over_the_models_of_the_folds():
    labels = np.array([0, 0, 1, 1])
    shares, counts = mean_confusion([(labels, one_hot([0, 0, 1, 1])), (labels, one_hot([0, 1, 0, 0]))])
    assert shares.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert counts.tolist() == [[1.5, 0.5], [1.0, 1.0]]


@pytest.mark.parametrize("pooled", [False, True])
def test_pictures(two, many, opened, pooled):
    opened(confusions_plot({"one": [two]}, ["benign", "malignant"], pooled=pooled))
    names = ["actinic keratosis", "bcc", "bkl", "dermatofibroma", "melanoma", "naevus", "vascular"]
    opened(confusions_plot({name: [many, many] for name in ("a", "b", "c", "d")}, names, pooled=pooled))
