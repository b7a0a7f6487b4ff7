from unittest import mock

import pytest
from matplotlib.figure import Figure
from PIL import Image

from automl_skin.metrics.ranking import average_precision
from automl_skin.papers.analyses import box_plot


def test_a_value_a_fold(context):
    made = context()
    with mock.patch.object(box_plot, "draw_boxes", return_value=b"") as drawn:
        box_plot.box_plot(made, cells=["good"], locked=True, published={"good": [0.6, 0.01]})
    values, label, published, _ = drawn.call_args.args
    assert values == {"good": [average_precision(*part) for part in made.parts("good", locked=True)]}
    assert (label, published) == ("average precision", {"good": [0.6, 0.01]})


@pytest.mark.parametrize("options", [{}, {"metric": "auc", "positive": ["d"], "title": "Melanoma"}])
def test_pictures_of_a_context(context, options):
    Image.open(box_plot.box_plot(context(), **options).pictures[0]).verify()


VALUES = {"macro": [0.60, 0.61, 0.59, 0.62, 0.60], "dermoscopic and metadata": [0.70, 0.69, 0.71, 0.72, 0.70]}


def test_every_fold_is_a_point_and_the_published_mean_stands_beside():
    axes = Figure().add_subplot()
    box_plot.fill_axes(axes, VALUES, "Mean average precision", {"macro": (0.598, 0.009)})
    points = [
        line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "o" and len(line.get_ydata())
    ]
    assert points == list(VALUES.values())
    diamond = next(line for line in axes.lines if line.get_marker() == "D")
    assert diamond.get_ydata().tolist() == [0.598]


@pytest.mark.parametrize("published", [{}, {"macro": (0.598, 0.009)}, {"unknown": (0.5, 0.0)}])
def test_pictures(opened, published):
    opened(box_plot.draw_boxes(VALUES, "Mean average precision", published, "All classes"))
    opened(box_plot.draw_boxes({"one": [0.5]}, "AUC", published))
