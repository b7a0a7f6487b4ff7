import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.images import recipe as module
from automl_skin.images.recipe import Recipe, apply, centre, resize, shades_of_grey
from automl_skin.records import from_plain, to_plain

RECIPE = Recipe(height=96, width=128)


def scene(height, width):
    rows, columns = np.mgrid[0:height, 0:width]
    waves = 127 + 60 * np.sin(rows / height * 9) + 60 * np.cos(columns / width * 7)
    return np.stack([waves, 255 * rows / height, 255 * columns / width], axis=2).astype(np.uint8)


@pytest.mark.parametrize("fit", ["squash", "crop"])
@pytest.mark.parametrize("colour", ["none", "shades_of_grey"])
@pytest.mark.parametrize("size", [(1, 1), (20, 30), (96, 128), (300, 60), (97, 129), (450, 600)])
def test_any_photograph_becomes_the_size_of_the_recipe(fit, colour, size):
    pixels = apply(replace(RECIPE, fit=fit, colour=colour), scene(*size))
    assert pixels.shape == (96, 128, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(60, 80), (300, 400), (60, 400), (400, 80)])
def test_resizing_is_close_to_pil_with_antialiasing(interpolation, size):
    method = Image.Resampling[interpolation.upper()]
    expected = np.asarray(Image.fromarray(scene(*size)).resize((128, 96), method)).astype(int)
    found = resize(scene(*size), 96, 128, interpolation).astype(int)
    assert np.abs(found - expected).mean() < 1
    assert np.abs(found - expected).max() < 12


def test_shrinking_does_not_alias():
    rows, columns = np.mgrid[0:400, 0:400]
    chequered = np.repeat((((rows + columns) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)
    assert np.abs(resize(chequered, 90, 90).astype(int) - 127).max() < 20


def test_interpolations_differ_where_a_photograph_grows():
    small = scene(20, 20)
    assert (resize(small, 96, 96, "bilinear") != resize(small, 96, 96, "bicubic")).any()


def test_the_same_size_is_left_alone():
    np.testing.assert_array_equal(apply(RECIPE, scene(96, 128)), scene(96, 128))


def test_crop_keeps_the_aspect_and_the_centre():
    pixels = np.zeros((100, 400, 3), np.uint8)
    pixels[:, 150:250] = 255  # exactly the central square
    cropped = apply(Recipe(50, 50, fit="crop"), pixels)
    assert cropped.min() == 255
    squashed = apply(Recipe(50, 50), pixels)
    assert squashed[:, 0].max() == 0


def test_colour_constancy_comes_before_resizing():
    pixels = scene(300, 400)
    expected = apply(RECIPE, shades_of_grey(pixels))
    np.testing.assert_array_equal(apply(replace(RECIPE, colour="shades_of_grey"), pixels), expected)


@pytest.mark.parametrize("resize", [None, (240, 200)])
def test_json_there_and_back(resize):
    colours = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    recipe = Recipe(224, 160, "crop", "bilinear", *colours, "shades_of_grey", resize)
    back = from_plain(Recipe, json.loads(json.dumps(to_plain(recipe))), "a file")
    assert back == recipe
    assert back.digest == recipe.digest


@pytest.mark.parametrize(
    "change",
    [
        {"height": 97},
        {"width": 97},
        {"fit": "crop"},
        {"interpolation": "bilinear"},
        {"mean": (0.5, 0.5, 0.5)},
        {"std": (0.5, 0.5, 0.5)},
        {"colour": "shades_of_grey"},
        {"resize": (120, 160)},
    ],
)
def test_every_field_is_in_the_digest(change):
    assert replace(RECIPE, **change).digest != RECIPE.digest


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"height": 0}, "at least 1 pixel, got 0 x 128"),
        ({"fit": "stretch"}, "fit: expected one of squash, crop, got 'stretch'"),
        ({"interpolation": "nearest"}, "interpolation: expected one of bilinear, bicubic"),
        ({"colour": "grey"}, "colour: expected one of none, shades_of_grey"),
        ({"std": (1.0, 0.0, 1.0)}, "std above 0"),
        ({"mean": (1.0,)}, "three numbers each"),
    ],
)
def test_wrong_fields_are_named(change, match):
    with pytest.raises(ConfigError, match=match):
        replace(RECIPE, **change)


@pytest.mark.parametrize("change", [{"size": 3}, {"mean": 1}, {"height": "96"}, {"fit": "stretch"}])
def test_json_of_something_else_is_refused(change):
    with pytest.raises((ConfigError, IntegrityError), match=next(iter(change))):
        from_plain(Recipe, {**to_plain(RECIPE), **change}, "a file")


def test_minimum_side_serves_both_orientations():
    assert RECIPE.minimum_side == 128


@pytest.mark.parametrize("fit", ["squash", "crop"])
def test_the_centre_is_cut_out_of_what_was_resized(fit):
    recipe = replace(RECIPE, fit=fit, resize=(120, 160), colour="shades_of_grey")
    whole = apply(recipe.uncut, scene(300, 350))
    assert whole.shape == (120, 160, 3)
    np.testing.assert_array_equal(apply(recipe, scene(300, 350)), whole[12:108, 16:144])
    np.testing.assert_array_equal(centre(whole[None], 96, 128)[0], whole[12:108, 16:144])
    assert recipe.minimum_side == 160
    assert RECIPE.uncut is RECIPE


def test_digests_of_stored_pixels_stay():
    assert Recipe(224, 224).digest == "f8bdc300c6c28abdee04bd5e8368bbf0878b3cc87fa4556b14717c1bf906ca13"


@pytest.mark.parametrize("size", [(95, 128), (96, 127)])
def test_nothing_is_cut_out_of_less(size):
    with pytest.raises(ConfigError, match=r"expected at least the 96 x 128 pixels that it cuts out"):
        replace(RECIPE, resize=size)


@pytest.mark.parametrize("shape", [(2, 400_000), (400_000, 2)])
def test_a_strip_is_cut_before_it_is_enlarged(shape, monkeypatch):
    sizes = []
    whole = module.resize
    monkeypatch.setattr(
        module, "resize", lambda pixels, *size: sizes.append(size[:2]) or whole(pixels, *size)
    )
    cut = apply(Recipe(32, 48, fit="crop"), np.full((*shape, 3), 90, np.uint8))
    assert cut.shape == (32, 48, 3)
    assert max(max(size) for size in sizes) < 3000
    assert (cut == 90).all()


def night():
    return np.random.default_rng(0).integers(20, 160, (30, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("power", [1, 6])
def test_agrees_with_the_equation(power):
    values = night() * np.array([1.0, 0.7, 0.5])
    pixels = values.astype(np.uint8)
    light = (pixels.astype(float) ** power).mean(axis=(0, 1)) ** (1 / power)
    expected = pixels * (np.linalg.norm(light) / (np.sqrt(3) * light))
    np.testing.assert_array_equal(shades_of_grey(pixels, power), np.clip(np.rint(expected), 0, 255))


def test_white_light_changes_nothing():
    grey = np.repeat(night()[..., :1], 3, axis=2)
    np.testing.assert_array_equal(shades_of_grey(grey), grey)


def test_the_colour_of_the_light_is_taken_out():
    reddish = (night() * np.array([1.5, 1.0, 0.6])).astype(np.uint8)
    bluish = (night() * np.array([0.8, 1.0, 1.4])).astype(np.uint8)

    def casts(pixels):
        return pixels.mean(axis=(0, 1)) / pixels.mean()

    apart = np.abs(casts(reddish) - casts(bluish)).max()
    assert np.abs(casts(shades_of_grey(reddish)) - casts(shades_of_grey(bluish))).max() < apart / 20


def test_bright_pixels_are_clipped_not_wrapped():
    pixels = np.full((4, 4, 3), [60, 200, 200], np.uint8)
    pixels[0, 0, 0] = 255
    assert shades_of_grey(pixels, power=1)[0, 0, 0] == 255


def test_a_channel_without_light_leaves_the_photograph_as_it_is():
    pixels = night()
    pixels[..., 2] = 0
    np.testing.assert_array_equal(shades_of_grey(pixels), pixels)


def test_the_input_is_not_changed():
    pixels = night()
    before = pixels.copy()
    shades_of_grey(pixels)
    np.testing.assert_array_equal(pixels, before)
