import numpy as np
import pytest

from automl_skin.images.colour import shades_of_grey


def scene():
    return np.random.default_rng(0).integers(20, 160, (30, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("power", [1, 6])
def test_agrees_with_the_equation(power):
    values = scene() * np.array([1.0, 0.7, 0.5])
    pixels = values.astype(np.uint8)
    light = (pixels.astype(float) ** power).mean(axis=(0, 1)) ** (1 / power)
    expected = pixels * (np.linalg.norm(light) / (np.sqrt(3) * light))
    np.testing.assert_array_equal(shades_of_grey(pixels, power), np.clip(np.rint(expected), 0, 255))


def test_white_light_changes_nothing():
    grey = np.repeat(scene()[..., :1], 3, axis=2)
    np.testing.assert_array_equal(shades_of_grey(grey), grey)


def test_the_colour_of_the_light_is_taken_out():
    reddish = (scene() * np.array([1.5, 1.0, 0.6])).astype(np.uint8)
    bluish = (scene() * np.array([0.8, 1.0, 1.4])).astype(np.uint8)

    def casts(pixels):
        return pixels.mean(axis=(0, 1)) / pixels.mean()

    apart = np.abs(casts(reddish) - casts(bluish)).max()
    assert np.abs(casts(shades_of_grey(reddish)) - casts(shades_of_grey(bluish))).max() < apart / 20


def test_bright_pixels_are_clipped_not_wrapped():
    pixels = np.full((4, 4, 3), [60, 200, 200], np.uint8)
    pixels[0, 0, 0] = 255
    assert shades_of_grey(pixels, power=1)[0, 0, 0] == 255


def test_a_channel_without_light_leaves_the_photograph_as_it_is():
    pixels = scene()
    pixels[..., 2] = 0
    np.testing.assert_array_equal(shades_of_grey(pixels), pixels)


def test_the_input_is_not_changed():
    pixels = scene()
    before = pixels.copy()
    shades_of_grey(pixels)
    np.testing.assert_array_equal(pixels, before)
