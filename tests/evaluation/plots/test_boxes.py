import pytest
from matplotlib.figure import Figure

from automl_skin.evaluation.plots.boxes import box_plot, draw_boxes

VALUES = {"macro": [0.60, 0.61, 0.59, 0.62, 0.60], "dermoscopic and metadata": [0.70, 0.69, 0.71, 0.72, 0.70]}


def test_every_fold_is_a_point_and_the_published_mean_stands_beside():
    axes = Figure().add_subplot()
    draw_boxes(axes, VALUES, "Mean average precision", {"macro": (0.598, 0.009)})
    points = [
        line.get_ydata().tolist() for line in axes.lines if line.get_marker() == "o" and len(line.get_ydata())
    ]
    assert points == list(VALUES.values())
    diamond = next(line for line in axes.lines if line.get_marker() == "D")
    assert diamond.get_ydata().tolist() == [0.598]


@pytest.mark.parametrize("published", [None, {"macro": (0.598, 0.009)}, {"unknown": (0.5, 0.0)}])
def test_pictures(opened, published):
    opened(box_plot(VALUES, ylabel="Mean average precision", published=published, title="All classes"))
    opened(box_plot({"one": [0.5]}, ylabel="AUC", published=published))
