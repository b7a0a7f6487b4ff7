import numpy as np

from automl_skin.evaluation.plots.importances import _greatest, importances_plot


def test_the_greatest_are_shown_with_the_greatest_on_top():
    columns = {
        "age": np.array([0.5, 0.7]),
        "sex=male": np.array([0.1, 0.1]),
        "site=back": np.array([0.3, 0.2]),
    }
    assert _greatest(columns, 2) == ["site=back", "age"]


def test_pictures(opened):
    columns = {f"site={number}": np.array([0.1 * number, 0.05]) for number in range(14)}
    opened(importances_plot({"Loss of impurity": columns, "Loss of AUC": {"age": np.array([0.1])}}))
