import numpy as np
import pytest
from matplotlib.figure import Figure

from automl_skin.evaluation.plots.curves import (
    draw_precision_recall,
    draw_roc,
    precision_recall_plot,
    roc_plot,
)
from automl_skin.metrics.intervals import auc_interval
from automl_skin.metrics.ranking import average_precision


def legend_of(axes):
    box = axes.get_legend()
    return box.get_title().get_text(), [text.get_text() for text in box.get_texts()]


def test_legend_has_the_intervals(two):
    labels, p = two
    axes = Figure().add_subplot()
    draw_roc(axes, labels, {"stack": p, "other": p[:, ::-1]}, groups=np.arange(300), seed=2)
    x = auc_interval(labels, p, np.arange(300), seed=2)
    title, texts = legend_of(axes)
    assert title == "AUC (95 % interval)"
    assert texts[0] == f"stack  {x.value:.3f} ({x.low:.3f}-{x.high:.3f})"
    assert len(axes.collections) == 1


def test_one_model_of_several_classes_has_a_curve_a_class(many):
    axes = Figure().add_subplot()
    names = [f"n{k}" for k in range(7)]
    draw_roc(axes, *many[:1], {"stack": many[1]}, groups=np.arange(300), classes=names)
    title, texts = legend_of(axes)
    assert title == "AUC"
    assert [text.split()[0] for text in texts] == names
    assert not axes.collections


def test_average_precision_in_the_legend(two):
    axes = Figure().add_subplot()
    draw_precision_recall(axes, two[0], {"stack": two[1]})
    assert legend_of(axes) == ("Average precision", [f"stack  {average_precision(*two):.3f}"])


@pytest.mark.parametrize("plot", [roc_plot, precision_recall_plot])
def test_pictures(plot, two, many, opened):
    opened(plot(two[0], {"stack": two[1], "other": two[1]}))
    opened(plot(many[0], {"stack": many[1]}))
    opened(plot(many[0], {"stack": many[1], "other": many[1]}, title="Macro"))
