import numpy as np
import pytest
from PIL import Image

from automl_skin.errors import ImageError
from automl_skin.explain.shown import find_mask, lay_over, read_mask, shown
from automl_skin.images.recipe import Recipe


@pytest.fixture
def masks(tmp_path):
    left = np.zeros((60, 80), np.uint8)
    left[20:40, :20] = 255
    for name in ("ISIC_1_segmentation.png", "b.png", "b_mask.png"):
        Image.fromarray(left).save(tmp_path / name)
    Image.fromarray(np.full((60, 80), 127, np.uint8)).save(tmp_path / "none.png")
    return tmp_path


def test_masks_are_found_by_the_photographs_name(masks):
    assert find_mask(masks, "part_1/ISIC_1.jpg") == "ISIC_1_segmentation.png"
    assert find_mask(masks, "b.jpg") == "b_mask.png"
    assert find_mask(masks, "c.jpg") is None


def test_a_mask_goes_the_way_of_its_photograph(masks):
    squashed = read_mask(masks, "b.png", Recipe(30, 80))
    assert squashed.shape == (30, 80)
    assert squashed[12:18, 2:18].all()
    assert squashed.mean() == pytest.approx(20 * 20 / 60 / 80, abs=0.01)
    cropped = read_mask(masks, "b.png", Recipe(30, 30, "crop"))  # five of the twenty columns lie outside
    assert cropped[11:19, 0:4].all()
    assert cropped.mean() == pytest.approx(10 * 20 / 60 / 60, abs=0.02)


def test_a_mask_without_lesion_is_refused(masks):
    with pytest.raises(ImageError, match="grey levels above 127"):
        read_mask(masks, "none.png", Recipe(30, 40))


def test_photographs_are_printed_undistorted():
    photograph = np.zeros((60, 80, 3), np.uint8)
    assert shown(Recipe(32, 32), photograph, 160).shape == (120, 160, 3)
    assert shown(Recipe(32, 64, "crop"), photograph, 160).shape == (80, 160, 3)


@pytest.mark.parametrize(
    ("recipe", "rows", "columns"),
    [
        (Recipe(32, 32), 60, 80),
        (Recipe(32, 32, "crop"), 60, 60),
        (Recipe(32, 32, resize=(64, 64)), 30, 40),
        (Recipe(32, 32, "crop", resize=(64, 64)), 30, 30),
    ],
)
def test_heat_lies_where_the_network_was_shown_the_photograph(recipe, rows, columns):
    heat = np.full((2, 2), 3, np.float32)
    laid = lay_over(heat, recipe, np.zeros((60, 80, 3), np.uint8))
    assert laid.shape == (60, 80)
    assert laid.sum() == pytest.approx(heat.sum(), rel=1e-5)
    there = np.argwhere(laid > 0)
    assert tuple(there.max(axis=0) + 1 - there.min(axis=0)) == (rows, columns)
    assert tuple(there.min(axis=0)) == ((60 - rows) // 2, (80 - columns) // 2)
