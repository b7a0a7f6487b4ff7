import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import binomtest

from automl_skin.evaluation.plots.calibration import _wilson, calibration_plot, draw_reliability
from automl_skin.metrics.calibration import reliability
from automl_skin.metrics.calibration_error import expected_calibration_error


def test_bars_are_wilsons(two):
    found = reliability(*two)
    below, above = _wilson(found)
    for k, (share, n) in enumerate(zip(found.observed, found.counts, strict=True)):
        exact = binomtest(round(share * n), int(n)).proportion_ci(method="wilson")
        assert share - below[k] == pytest.approx(exact.low, abs=1e-9)
        assert share + above[k] == pytest.approx(exact.high, abs=1e-9)


def test_error_in_the_legend(two):
    axes = Figure().add_subplot()
    draw_reliability(axes, two[0], {"stack": two[1]})
    text = axes.get_legend().get_texts()[0].get_text()
    assert text == f"stack  {expected_calibration_error(*two):.3f}"


def test_pictures(two, many, opened):
    opened(calibration_plot(two[0], {"stack": two[1], "other": two[1]}))
    opened(calibration_plot(many[0], {"stack": many[1]}))
    same = np.full((300, 2), 0.5)
    opened(calibration_plot(two[0], {"constant": same}))
