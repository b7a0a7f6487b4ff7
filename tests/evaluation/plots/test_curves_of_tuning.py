import math

from matplotlib.figure import Figure

from automl_skin.backbones.tuning.epoch import Epoch
from automl_skin.evaluation.plots.curves_of_tuning import _draw, curves_of_tuning


def curve(*losses, auc=0.8):
    return [Epoch(n, len(losses), loss, auc, 100.0, 1.0, 0.0) for n, loss in enumerate(losses, 1)]


def test_a_line_a_network_and_a_point_an_epoch():
    axes = Figure().add_subplot()
    _draw(axes, {"without 0": curve(1.0, 0.5), "without 1": curve(0.9)}, lambda epoch: epoch.loss)
    lines = [tuple(map(list, line.get_data())) for line in axes.lines]
    assert lines == [([1, 2], [1.0, 0.5]), ([1], [0.9])]
    assert [line.get_label() for line in axes.lines] == ["without 0", "without 1"]


def test_pictures(opened):
    opened(
        curves_of_tuning({"without 0": curve(1.0, 0.5), "without 1": curve(0.9, auc=math.nan)}, title="full")
    )
    opened(curves_of_tuning({"without 0": ()}))
    opened(curves_of_tuning({}))
