import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from automl_skin.errors import ConfigError
from automl_skin.images.augment import PRESETS, augmenter

ACTIVE = [name for name in PRESETS if name != "none"]
SIZES = [(32, 32), (48, 64), (64, 48)]


@pytest.fixture(scope="module")
def pictures(paint):
    """Return four pictures as a tensor (4, 3, height, width) in 0 .. 1."""

    def make(height, width, seeds=range(4)):
        pixels = np.stack([paint(seed, height, width) for seed in seeds])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255

    return make


def seeded(name, images, seed=0):
    torch.manual_seed(seed)
    return augmenter(name, *images.shape[2:])(images)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", SIZES)
def test_shape_type_and_range_stay_and_the_input_is_left_alone(pictures, name, size):
    images = pictures(*size)
    before = images.clone()
    for seed in range(3):
        augmented = seeded(name, images, seed)
        assert (augmented.shape, augmented.dtype) == (images.shape, torch.float32)
        assert torch.isfinite(augmented).all()
        assert augmented.min() >= 0
        assert augmented.max() <= 1
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", ACTIVE)
def test_a_seed_repeats_and_another_does_not(pictures, name):
    images = pictures(48, 64)
    assert torch.equal(seeded(name, images, 1), seeded(name, images, 1))
    assert not torch.equal(seeded(name, images, 1), seeded(name, images, 2))


@pytest.mark.parametrize("name", ACTIVE)
def test_each_image_of_a_batch_is_changed_in_its_own_way(pictures, name):
    images = pictures(48, 64, [5] * 12)
    augmented = seeded(name, images).flatten(1)
    different = {tuple(row[:: len(row) // 50].tolist()) for row in augmented}
    assert len(different) >= 10  # randaugment may choose to do nothing, now and then


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_image_of_one_colour_stays_finite_and_in_range(name, value):
    augmented = seeded(name, torch.full((8, 3, 32, 32), value))
    assert torch.isfinite(augmented).all()
    assert augmented.min() >= 0
    assert augmented.max() <= 1


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one_image(pictures, name, n):
    assert seeded(name, pictures(32, 48, range(1))[:n]).shape == (n, 3, 32, 48)


def test_none_is_the_identity(pictures):
    images = pictures(32, 32)
    assert torch.equal(seeded("none", images), images)


def test_none_needs_no_kornia():
    code = """
import sys, torch
sys.modules["kornia"] = None
from automl_skin.images.augment import augmenter
augmenter("none", 8, 8)(torch.zeros(1, 3, 8, 8))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_squares_are_transposed_and_others_never():
    across = torch.zeros(64, 3, 32, 32)
    across[:, :, :, :16] = 1  # columns differ, rows do not
    rows_differ = (seeded("light", across)[:, 0, 6:26, 16].std(1) > 0.2).float().mean()
    assert 0.3 < rows_differ < 0.7
    across = torch.zeros(64, 3, 32, 40)
    across[:, :, :, :20] = 1
    down, over = (seeded("light", across)[:, 0].mean(axis).std(1) for axis in (2, 1))
    assert (over > down).all()


def test_light_keeps_brightness_contrast_and_place_near():
    images = torch.full((200, 3, 24, 24), 0.5)
    middle = seeded("light", images)[:, 0, 12, 12]
    assert middle.min() < 0.36
    assert middle.max() > 0.64
    assert middle.min() >= 0.3 * 0.8 - 1e-4
    assert middle.max() <= 0.7 * 1.2 + 1e-4


def test_siim_cuts_out_a_seventh_of_seven_tenths_of_the_images():
    white = torch.ones(300, 3, 40, 56)
    from automl_skin.images.augment import _siim

    torch.manual_seed(0)
    holes = (_siim(40, 56)[-1](white) == 0).float().mean((1, 2, 3))
    assert 0.6 < (holes > 0).float().mean() < 0.8
    assert holes[holes > 0].mean() == pytest.approx(0.375**2, abs=0.01)


def test_an_unknown_preset_is_named():
    with pytest.raises(ConfigError, match="among none, light, siim, randaugment, got 'heavy'"):
        augmenter("heavy", 32, 32)


@pytest.mark.slow
def test_light_is_cheap_beside_plain_arithmetic(pictures):
    """Printed for people: milliseconds an image at 112 x 144; a machine of many users bounds nothing closely."""
    images = pictures(112, 144, range(16))

    def milliseconds(name):
        augment = augmenter(name, 112, 144)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            augment(images)
            times.append((time.perf_counter() - started) / len(images) * 1e3)
        return min(times)

    taken = {name: milliseconds(name) for name in ACTIVE}
    sys.stdout.write(f"ms an image: {taken}\n")
    assert taken["light"] < taken["siim"] / 2
