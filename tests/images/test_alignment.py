import cv2
import numpy as np
import pytest

from automl_skin.images.alignment import THUMBNAIL_SIDE, _in_halves, _in_pixels, similarity, thumbnail
from automl_skin.images.neighbours import ORIENTATIONS, turn

SAME = 0.6
AS_IT_IS = [ORIENTATIONS[0]]


def _rotated(pixels, degrees, scale=1.0):
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    return cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT)


def test_a_thumbnail_is_a_grey_square(paint):
    found = thumbnail(paint(0))
    assert found.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    assert found.dtype == np.uint8


@pytest.mark.parametrize("degrees", [-10, -4, 4, 10])
def test_a_slightly_turned_copy_is_the_same(paint, degrees):
    first, second = thumbnail(paint(0)), thumbnail(_rotated(paint(0), degrees))
    assert similarity(first, second, AS_IT_IS) > SAME
    assert similarity(second, first, AS_IT_IS) > SAME


def test_a_cropped_and_brightened_copy_is_the_same(paint):
    pixels = paint(1)
    cropped = np.clip(pixels[:136, 18:] * 1.1, 0, 255).astype(np.uint8)
    assert similarity(thumbnail(pixels), thumbnail(cropped), AS_IT_IS) > SAME


def test_alignment_starts_from_the_best_of_the_orientations(paint):
    first = thumbnail(paint(2))
    second = turn(first, (False, True, False))  # undone by the same flip
    assert similarity(first, second, [(True, False, False), (False, True, False)]) > 0.9
    assert similarity(first, second, AS_IT_IS) < SAME


def test_different_lesions_are_not_the_same(paint):
    found = [similarity(thumbnail(paint(i)), thumbnail(paint(i + 1)), AS_IT_IS) for i in range(20)]
    assert max(found) < SAME


def test_one_outline_with_another_structure_is_not_the_same(paint):
    """Only what is coarse is in common: shape, colours and border."""
    pixels = paint(3)
    coarse = cv2.GaussianBlur(pixels, (0, 0), 6).astype(np.float64)
    first, second = (coarse + np.random.default_rng(i).normal(scale=8, size=pixels.shape) for i in (1, 2))
    thumbnails = [thumbnail(np.clip(p, 0, 255).astype(np.uint8)) for p in (first, second)]
    assert similarity(*thumbnails, AS_IT_IS) < SAME


@pytest.mark.parametrize("value", [0, 128, 255])
def test_pictures_of_nothing_are_not_the_same(value):
    empty = np.full((THUMBNAIL_SIDE, THUMBNAIL_SIDE), value, np.uint8)
    assert similarity(empty, empty, AS_IT_IS) < SAME


def test_warps_mean_the_same_at_every_resolution():
    warp = np.array([[1.1, 0.2, 0.05], [-0.1, 0.9, -0.1]], np.float32)
    for fixed_side, moving_side in ((24, 32), (96, 96)):
        matrix = _in_pixels(warp, fixed_side, moving_side)
        centre = matrix @ [(fixed_side - 1) / 2, (fixed_side - 1) / 2, 1]
        expected = (moving_side - 1) / 2 + moving_side / 2 * warp[:, 2]
        assert np.allclose(centre, expected, atol=1e-4)
        assert np.allclose(_in_halves(matrix, fixed_side, moving_side), warp, atol=1e-5)
