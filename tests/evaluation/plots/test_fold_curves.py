import numpy as np
import pytest
from matplotlib.figure import Figure

from automl_skin.evaluation.plots.curve_points import macro_roc
from automl_skin.evaluation.plots.fold_curves import (
    _draw,
    against_the_rest,
    fold_precision_recall_plot,
    fold_roc_plot,
)
from automl_skin.metrics.ranking import macro_auc


def halves(case):
    labels, p = case
    return [(labels[:150], p[:150]), (labels[150:], p[150:])]


def test_the_legend_has_mean_and_standard_deviation_of_the_folds(two):
    axes = Figure().add_subplot()
    _draw(axes, {"net": halves(two)}, (), macro_roc, macro_auc, anchor=(0.0, 0.0))
    values = [macro_auc(*part) for part in halves(two)]
    expected = f"net  {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
    assert axes.get_legend_handles_labels()[1] == [expected]


def test_the_mean_curve_lies_between_those_of_the_folds(two):
    axes = Figure().add_subplot()
    _draw(axes, {"net": halves(two)}, (), macro_roc, macro_auc, anchor=(0.0, 0.0))
    area = np.trapezoid(*axes.lines[0].get_data()[::-1])
    values = [macro_auc(*part) for part in halves(two)]
    assert min(values) - 0.01 < area < max(values) + 0.01


def test_several_classes_together_against_the_rest(many):
    labels, p = against_the_rest(many, (1, 3))
    assert (labels == np.isin(many[0], (1, 3))).all()
    assert np.allclose(p[:, 1], many[1][:, 1] + many[1][:, 3])
    assert against_the_rest(many, ()) == many


@pytest.mark.parametrize("plot", [fold_roc_plot, fold_precision_recall_plot])
def test_pictures(plot, two, many, opened):
    opened(plot({"net": halves(two), "a network with metadata": halves(two)}))
    opened(plot({name: halves(many) for name in "abcd"}, positive=(2,), title="Melanoma"))
    opened(plot({"net": [many]}))
