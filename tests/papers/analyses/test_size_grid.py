import numpy as np
import pytest
from PIL import Image
from scipy.stats import t

from automl_skin.metrics.ranking import average_precision
from automl_skin.papers.analyses.size_grid import draw_sizes, mean_and_half_width, size_grid


def test_folds_of_all_cells_of_a_size_are_averaged(context):
    made = context()
    sizes = {"0": ["chance"], "2x1024": ["good", "chance"], "1x512": ["good", "absent"]}
    section = size_grid(made, sizes=sizes, metrics=["average_precision"])
    mean = np.mean([average_precision(*part) for name in sizes["2x1024"] for part in made.parts(name)])
    assert f"| 2 x 1024 | {mean:.3f} ±" in section.markdown
    assert "| none | 0." in section.markdown
    assert "Not shown: 1 x 512." in section.markdown
    Image.open(section.pictures[0]).verify()


def test_nothing_is_drawn_where_no_size_is_whole(context):
    assert size_grid(context(), sizes={"1x512": ["absent"]}).pictures == ()


def test_whiskers_are_the_interval_of_the_mean():
    values = [0.70, 0.72, 0.71, 0.69, 0.70]
    mean, half = mean_and_half_width(values)
    low, high = t.interval(0.95, 4, loc=mean, scale=0.011401754250991 / 5**0.5)
    assert (mean - half, mean + half) == (pytest.approx(low), pytest.approx(high))
    assert mean_and_half_width([0.5]) == (0.5, 0.0)


def test_pictures(opened):
    sizes = {(1, 512): [0.7, 0.71], (1, 1024): [0.72, 0.71], (2, 1024): [0.73, 0.71], (0, 0): [0.69, 0.7]}
    opened(draw_sizes({"Log loss": sizes, "Mean average precision": sizes}))
    opened(draw_sizes({"Mean average precision": {(2, 1024): [0.7]}}))
