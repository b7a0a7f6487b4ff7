import numpy as np
import pandas as pd

from automl_skin.evaluation.lesions import find_lesions


def table(lesions, targets=None):
    n = len(lesions)
    return pd.DataFrame(
        {"target": targets or [0] * n, "group": [f"g{i}" for i in range(n)], "lesion": lesions},
        index=[f"case{i}" for i in range(n)],
    )


def test_mean_of_a_lesions_cases():
    lesions = find_lesions(table(["a", "b", "a"], [1, 0, 1]))
    probabilities = np.array([[0.8, 0.2], [0.5, 0.5], [0.4, 0.6]])
    np.testing.assert_allclose(lesions.mean(probabilities), [[0.6, 0.4], [0.5, 0.5]])
    assert lesions.labels.tolist() == [1, 0]
    assert lesions.groups.tolist() == ["g0", "g1"]


def test_missing_lesions_are_not_one_lesion():
    lesions = find_lesions(table(["a", None, None, "a"]))
    assert lesions.codes.tolist() == [0, 1, 2, 0]


def test_label_of_a_contradictory_lesion():
    assert find_lesions(table(["a", "a"], [1, 0])).labels.tolist() == [1]
    assert find_lesions(table(["a", "a", "a"], [2, 0, 0])).labels.tolist() == [0]
