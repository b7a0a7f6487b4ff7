import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from automl_skin.errors import ConfigError
from automl_skin.images.shift_colour import _mapped
from automl_skin.images.shifts import SHIFTS, shift, shift_key, shift_sheet

FIXED = {"scale", "blur", "jpeg"}  # nothing about them is drawn
TWO_WAYS = {"white_balance", "gamma", "contrast"}  # a sign is drawn


@pytest.fixture(scope="module")
def picture(paint):
    return paint(4)


@pytest.mark.parametrize("name", SHIFTS)
def test_a_photograph_is_changed_but_not_beyond_recognition(picture, name):
    before = picture.copy()
    shifted = shift(name, picture, 0, "content")
    assert np.array_equal(picture, before)
    assert (shifted.shape, shifted.dtype) == (picture.shape, np.uint8)
    change = np.abs(shifted.astype(int) - picture)
    assert 0.1 < change.mean() < 40


@pytest.mark.parametrize("name", SHIFTS)
def test_it_is_the_same_every_time_and_another_for_another_seed_or_content(picture, name):
    first = shift(name, picture, 0, "content")
    assert np.array_equal(shift(name, picture, 0, "content"), first)
    others = [shift(name, picture, seed, "content") for seed in range(1, 9)]
    others += [shift(name, picture, 0, f"content {i}") for i in range(8)]
    n_different = len({each.tobytes() for each in others})
    assert n_different == (1 if name in FIXED else 2 if name in TWO_WAYS else 16)


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (33, 20), (450, 600)])
def test_any_size_stays(name, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert shift(name, pixels, 1, "content").shape == pixels.shape


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_image_of_one_colour_stays_plausible(name, value):
    pixels = np.full((60, 80, 3), value, np.uint8)
    shifted = shift(name, pixels, 0, "content")
    assert abs(shifted[25:35, 35:45].mean() - value) < 60


def test_another_process_draws_the_same(picture, tmp_path):
    np.save(tmp_path / "picture.npy", picture)
    code = """
import sys, numpy
from automl_skin.digests import digest_array
from automl_skin.images.shifts import shift
print(digest_array(shift("hair", numpy.load(sys.argv[1]), 3, "content")))
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "picture.npy")]
    found = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()
    from automl_skin.digests import digest_array

    assert found == digest_array(shift("hair", picture, 3, "content"))


def test_names_and_keys():
    assert shift_key("", 3) == ""
    assert shift_key("blur", 3) != shift_key("blur", 4)
    assert shift_key("blur", 3) != shift_key("hair", 3)
    with pytest.raises(ConfigError, match=r"expected a shift among colour_cast, .* got 'smear'"):
        shift_key("smear", 0)
    with pytest.raises(ConfigError, match="got 'smear'"):
        shift("smear", np.zeros((2, 2, 3), np.uint8), 0, "")


def channels(pixels):
    return pixels.reshape(-1, 3).mean(0)


def both(name, pixels):
    """Return the two outcomes of a shift that draws a sign, the darker or warmer ... by blue, first."""
    outcomes = {shift(name, pixels, seed, "").tobytes(): shift(name, pixels, seed, "") for seed in range(12)}
    return sorted(outcomes.values(), key=lambda each: channels(each)[2])


def test_a_cast_leaves_grey_values_about_as_bright():
    grey = np.full((4, 4, 3), 120, np.uint8)
    for seed in range(10):
        gains = channels(shift("colour_cast", grey, seed, "")) / 120
        assert np.log(gains).mean() == pytest.approx(0, abs=0.01)
        assert 0.04 < np.abs(np.log(gains)).max() < 0.09


def test_white_balance_trades_red_for_blue():
    warm, cold = (channels(each) / 120 for each in both("white_balance", np.full((4, 4, 3), 120, np.uint8)))
    assert warm[1] == cold[1] == 1
    assert warm[0] > 1 > warm[2]
    assert cold[0] < 1 < cold[2]
    # Planck at 4676 K over 6500 K, at 611 and 464 nm relative to 549 nm, to the power 1 / 2.2
    expected = [
        (
            np.exp(-14387.77e3 / length * (1 / 4676 - 1 / 6500))
            / np.exp(-14387.77e3 / 549 * (1 / 4676 - 1 / 6500))
        )
        ** (1 / 2.2)
        for length in (611, 464)
    ]
    assert warm[[0, 2]] == pytest.approx(expected, abs=0.01)


def test_gamma_keeps_black_and_white():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    darker, lighter = both("gamma", ramp)
    for each in (darker, lighter):
        assert each[0, 0, 0] == 0
        assert each[0, 255, 0] == 255
    assert darker[0, 128, 0] < 110
    assert lighter[0, 128, 0] > 145


def test_contrast_keeps_the_mean(picture):
    flat, steep = sorted(both("contrast", picture), key=lambda each: each.std())
    assert flat.std() == pytest.approx(picture.std() / 1.5, rel=0.02)
    assert steep.std() > 1.2 * picture.std()
    assert flat.mean() == pytest.approx(picture.mean(), abs=1)


def test_corners_are_dark_and_the_middle_is_not(picture):
    for name, bound in (("vignette", 0.6), ("dark_corners", 0.1)):
        shifted = shift(name, picture, 0, "")
        corners, middle = (np.s_[[0, 0, -1, -1], [0, -1, 0, -1]], np.s_[70:80, 95:105])
        assert shifted[corners].mean() < bound * picture[corners].mean()
        assert shifted[middle].mean() > 0.95 * picture[middle].mean()


def test_scale_and_crop_change_the_size_of_what_is_shown():
    pixels = np.full((100, 140, 3), 200, np.uint8)
    pixels[40:60, 60:80] = 20
    dark = (pixels < 100).sum()
    assert (shift("scale", pixels, 0, "") < 100).sum() == pytest.approx(0.8**2 * dark, rel=0.1)
    assert (shift("crop", pixels, 0, "") < 100).sum() == pytest.approx(dark / 0.7**2, rel=0.1)


@pytest.mark.parametrize("factor", [1, 3])
def test_blur_is_a_share_of_the_diagonal(factor):
    edge = np.zeros((60 * factor, 80 * factor, 3), np.uint8)
    edge[:, 40 * factor :] = 255
    between = np.mean((shift("blur", edge, 0, "") > 10) & (shift("blur", edge, 0, "") < 245))
    assert between == pytest.approx(2 * 0.008 * 100 / 80, abs=0.02)


def test_jpeg_leaves_blocks(picture):
    shifted = shift("jpeg", picture, 0, "").astype(int)
    steps = np.abs(np.diff(shifted, axis=1)).mean((0, 2))
    assert steps[7::8].mean() > 1.2 * np.delete(steps, np.s_[7::8]).mean()


def test_hair_and_ruler_are_dark_thin_and_few():
    skin = np.full((300, 400, 3), (215, 165, 150), np.uint8)
    for name, low, high in (("hair", 0.005, 0.12), ("ruler", 0.003, 0.05)):
        for seed in range(5):
            shifted = shift(name, skin, seed, "")
            covered = (np.abs(shifted.astype(int) - skin).max(2) > 20).mean()
            assert low < covered < high
            assert (shifted <= skin).all()


def test_a_ruler_has_a_period():
    skin = np.full((300, 400, 3), 200, np.uint8)
    dark = (200.0 - shift("ruler", skin, 0, "")).sum(2)
    profiles = [dark.sum(axis) - dark.sum(axis).mean() for axis in (0, 1)]
    power = [np.abs(np.fft.rfft(each))[8:] for each in profiles]
    assert max(each.max() / np.median(each) for each in power) > 8


def test_lookups_round_and_clip():
    table = np.stack([np.full(256, value) for value in (-5.0, 100.6, 300.0)], axis=1)
    assert _mapped(np.zeros((1, 1, 3), np.uint8), table).tolist() == [[[0, 101, 255]]]


def test_a_sheet_of_all_shifts(paint):
    sheet = shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"])
    assert Image.open(BytesIO(sheet)).size == (7 * 162, 2 * (14 + 2 * 162))
    assert shift_sheet([paint(1), paint(2, 100, 100)], ["a", "b"]) == sheet
