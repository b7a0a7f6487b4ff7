from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from automl_skin.explain.heat_index import compare_indices
from automl_skin.explain.plots.heat_grid import HeatCase, HeatOfModel, heat_grid, overlay
from automl_skin.explain.plots.index_plot import index_plot
from automl_skin.explain.plots.map_plot import categories_map, levels_shown, numbers_map

RNG = np.random.default_rng(0)


def size_of(png):
    with Image.open(BytesIO(png)) as picture:
        return picture.size


def case(at, *, mask=True, cold=False):
    photograph = RNG.integers(0, 255, (60, 80, 3)).astype(np.uint8)
    heat = np.zeros((2, 3), np.float32) if cold else RNG.random((2, 3)).astype(np.float32)
    lesion = np.zeros((30, 40), np.bool_)
    lesion[10:20, 10:30] = True
    models = (HeatOfModel(heat, "malignant 0.71"), HeatOfModel(heat))
    return HeatCase(f"case {at}", "malignant", photograph, models, lesion if mask else None)


def test_cases_stand_side_by_side_in_bands():
    one = size_of(heat_grid([case(at) for at in range(6)], ["image", "image + metadata"]))
    two = size_of(heat_grid([case(at, mask=at < 9, cold=at == 3) for at in range(12)], ["a", "b"]))
    assert two[0] == one[0]
    assert two[1] > 1.8 * one[1]


def test_the_greatest_heat_covers_most_and_no_heat_nothing():
    photograph = np.full((4, 4, 3), 100, np.uint8)
    share = np.zeros((4, 4), np.float32)
    share[0, 0] = 1.0
    laid = overlay(photograph, share)
    assert laid[1, 1] == pytest.approx(100 / 255)
    assert laid[0, 0, 0] > 0.8
    assert laid.min() >= 0
    assert laid.max() <= 1


def test_index_and_its_test():
    first = RNG.random(40)
    second = np.clip(first + RNG.normal(0.1, 0.1, 40), 0, 1)
    first[3] = np.nan
    areas = RNG.random(40) / 2
    alone = size_of(index_plot({"image": first}, areas))
    both = size_of(index_plot({"a": first, "b": second}, areas, compare_indices(first, second)))
    assert both[0] > alone[0]


def test_maps():
    points = RNG.normal(size=(50, 2))
    held = np.arange(50) < 20
    names = [f"level {at % 9}" for at in range(50)]
    assert min(size_of(categories_map(points, names, "map", clear=held, unclear="tuned"))) > 500
    assert min(size_of(categories_map(points, names, "map", ranked=False))) > 500
    assert (
        min(size_of(numbers_map(points, RNG.random(50), "map", "error", clear=held, unclear="tuned"))) > 500
    )


def test_the_most_frequent_levels_have_colours():
    values = np.array(["b"] * 3 + ["a"] * 3 + [f"rare {at}" for at in range(8)], dtype=object)
    assert levels_shown(values)[:2] == ["a", "b"]
    assert len(levels_shown(values)) == 7
    assert len(levels_shown(values[:12])) == 8
