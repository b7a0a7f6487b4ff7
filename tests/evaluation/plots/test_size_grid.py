import pytest
from scipy.stats import t

from automl_skin.evaluation.plots.size_grid import mean_and_half_width, size_grid_plot


def test_whiskers_are_the_interval_of_the_mean():
    values = [0.70, 0.72, 0.71, 0.69, 0.70]
    mean, half = mean_and_half_width(values)
    low, high = t.interval(0.95, 4, loc=mean, scale=0.011401754250991 / 5**0.5)
    assert (mean - half, mean + half) == (pytest.approx(low), pytest.approx(high))
    assert mean_and_half_width([0.5]) == (0.5, 0.0)


def test_pictures(opened):
    sizes = {(1, 512): [0.7, 0.71], (1, 1024): [0.72, 0.71], (2, 1024): [0.73, 0.71], (0, 0): [0.69, 0.7]}
    opened(size_grid_plot({"Log loss": sizes, "Mean average precision": sizes}))
    opened(size_grid_plot({"Mean average precision": {(2, 1024): [0.7]}}))
