import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from automl_skin.metrics.ranking import macro_auc
from automl_skin.papers.analyses.catalogue import ANALYSES
from automl_skin.papers.analyses.curves import (
    PRECISION_RECALL,
    ROC,
    draw_curves,
    fill_axes,
    precision_recall,
    roc,
)


def test_the_table_has_our_mean_and_deviation_beside_the_published_figure(context):
    made = context(2)
    section = roc(made, locked=True, published={"good": 0.4935}, title="Balanced")
    values = [macro_auc(labels, each) for labels, each in made.parts("good", locked=True)]
    assert section.title == "Balanced"
    assert f"| good | {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} | 0.493 |" in section.markdown
    assert "| chance | 0." in section.markdown


def test_classes_together_against_the_others(context):
    made = context()
    section = roc(made, cells=["good"], positive=["c", "d"])
    values = [
        macro_auc((labels >= 2).astype(int), np.column_stack([each[:, :2].sum(1), each[:, 2:].sum(1)]))
        for labels, each in made.parts("good")
    ]
    assert f"| good | {np.mean(values):.3f} ±" in section.markdown


@pytest.mark.parametrize("analysis", [roc, precision_recall])
def test_one_picture(context, analysis):
    section = analysis(context(), file="figure-2")
    assert [path.name for path in section.pictures] == ["figure-2.png"]
    Image.open(section.pictures[0]).verify()


@pytest.mark.parametrize("name", ["roc", "precision_recall", "confusion", "box_plot"])
def test_without_a_cell_that_was_run_there_is_no_picture(context, name):
    section = ANALYSES[name](context(), cells=["absent"])
    assert section.pictures == ()
    assert "Not shown: absent (no weights)." in section.markdown


def halves(case):
    labels, p = case
    return [(labels[:150], p[:150]), (labels[150:], p[150:])]


def test_the_legend_has_mean_and_standard_deviation_of_the_folds(two):
    axes = Figure().add_subplot()
    fill_axes(axes, ROC, {"net": halves(two)}, ())
    values = [macro_auc(*part) for part in halves(two)]
    expected = f"net  {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
    assert axes.get_legend_handles_labels()[1] == [expected]


def test_the_mean_curve_lies_between_those_of_the_folds(two):
    axes = Figure().add_subplot()
    fill_axes(axes, ROC, {"net": halves(two)}, ())
    area = np.trapezoid(*axes.lines[0].get_data()[::-1])
    values = [macro_auc(*part) for part in halves(two)]
    assert min(values) - 0.01 < area < max(values) + 0.01


@pytest.mark.parametrize("curve", [ROC, PRECISION_RECALL])
def test_pictures(curve, two, many, opened):
    opened(draw_curves(curve, {"net": halves(two), "a network with metadata": halves(two)}, (), "Two"))
    opened(draw_curves(curve, {name: halves(many) for name in "abcd"}, (2,), "Melanoma"))
    opened(draw_curves(curve, {"net": [many]}, (), "One"))
